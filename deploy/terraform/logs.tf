# Lines of the tasks, and who called the balancer.
resource "aws_cloudwatch_log_group" "tasks" {
  # checkov:skip=CKV_AWS_338:lines hold callers' addresses, personal data under the LGPD: 90 days find a fault
  name              = "/comporta/${var.name}/tasks"
  retention_in_days = var.log_days
  kms_key_id        = aws_kms_key.this.arn
}

resource "aws_s3_bucket" "logs" {
  # checkov:skip=CKV_AWS_18:it is where access is logged to
  # checkov:skip=CKV_AWS_21:lines are never changed, and go after 90 days
  # checkov:skip=CKV_AWS_144:lines of a lost region need not outlive it
  # checkov:skip=CKV_AWS_145:balancers write to buckets under S3's own key only
  # checkov:skip=CKV2_AWS_62:nobody waits for a line
  bucket = "${var.name}-logs-${local.account}-${var.region}"
}

resource "aws_s3_bucket_public_access_block" "logs" {
  bucket                  = aws_s3_bucket.logs.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "logs" {
  bucket = aws_s3_bucket.logs.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm = "AES256"
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "logs" {
  bucket = aws_s3_bucket.logs.id

  rule {
    id     = "forget"
    status = "Enabled"
    filter {}

    expiration {
      days = 90
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 2
    }
  }
}

resource "aws_s3_bucket_policy" "logs" {
  bucket = aws_s3_bucket.logs.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "NothingInClear"
        Effect    = "Deny"
        Principal = "*"
        Action    = "s3:*"
        Resource  = [aws_s3_bucket.logs.arn, "${aws_s3_bucket.logs.arn}/*"]
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
      {
        Sid       = "Balancer"
        Effect    = "Allow"
        Principal = { Service = "logdelivery.elasticloadbalancing.amazonaws.com" }
        Action    = "s3:PutObject"
        Resource  = "${aws_s3_bucket.logs.arn}/balancer/AWSLogs/${local.account}/*"
        Condition = { StringEquals = { "aws:SourceAccount" = local.account } }
      },
    ]
  })
}
