locals {
  url = var.certificate_arn == null ? "http://${aws_lb.this.dns_name}" : "https://${coalesce(var.public_name, aws_lb.this.dns_name)}"
}

output "api_livros_url" {
  description = "The books, as small clients know them."
  value       = "${local.url}/livros"
}

output "url" {
  description = "Everything else: /v1/books, /docs."
  value       = local.url
}

output "repository" {
  description = "Where the pipeline pushes to."
  value       = aws_ecr_repository.this.repository_url
}

output "pipeline_role" {
  description = "The pipeline's variable AWS_ROLE_ARN."
  value       = one(aws_iam_role.pipeline[*].arn)
}

output "signature_key" {
  description = "The pipeline's variable SIGNATURE_KEY."
  value       = one(aws_kms_alias.images[*].name) == null ? null : "awskms:///${one(aws_kms_alias.images[*].name)}"
}
