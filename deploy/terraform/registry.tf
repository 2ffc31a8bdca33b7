# Where images lie. The first one is built here, by the first apply, for without it no task would ever start; every later
# one comes by the pipeline.
resource "aws_ecr_repository" "this" {
  name = var.name
  # A tag that was deployed is what it was.
  image_tag_mutability = "IMMUTABLE"

  image_scanning_configuration {
    scan_on_push = true
  }

  encryption_configuration {
    encryption_type = "KMS"
    kms_key         = aws_kms_key.this.arn
  }
}

resource "aws_ecr_lifecycle_policy" "this" {
  repository = aws_ecr_repository.this.name
  policy = jsonencode({
    rules = [
      {
        rulePriority = 1
        description  = "layers that lost their tag"
        action       = { type = "expire" }
        selection    = { tagStatus = "untagged", countType = "sinceImagePushed", countUnit = "days", countNumber = 14 }
      },
      {
        rulePriority = 2
        description  = "enough to roll back to, and signatures with them"
        action       = { type = "expire" }
        selection    = { tagStatus = "any", countType = "imageCountMoreThan", countNumber = 200 }
      },
    ]
  })
}

resource "terraform_data" "first_image" {
  triggers_replace = [aws_ecr_repository.this.repository_url, var.first_image_tag]

  provisioner "local-exec" {
    command = "${path.module}/first-image.sh"

    environment = {
      AWS_REGION = var.region
      REPOSITORY = aws_ecr_repository.this.repository_url
      TAG        = var.first_image_tag
    }
  }
}
