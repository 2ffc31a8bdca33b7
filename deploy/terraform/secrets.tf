# What tasks are given as environment. Drawn here, written to Secrets Manager, and to no state and no plan: both are
# ephemeral, and the arguments that take them write-only.
ephemeral "random_password" "database" {
  length  = 48
  special = false # it becomes part of a URL
}

ephemeral "random_password" "pepper" {
  length  = 64
  special = false
}

resource "aws_secretsmanager_secret" "database" {
  # checkov:skip=CKV2_AWS_57:changed together with the database's password, by raising secrets_version
  name       = "${var.name}/database-url"
  kms_key_id = aws_kms_key.this.arn
}

resource "aws_secretsmanager_secret_version" "database" {
  secret_id                = aws_secretsmanager_secret.database.id
  secret_string_wo         = "postgres://${aws_db_instance.this.username}:${ephemeral.random_password.database.result}@${aws_db_instance.this.endpoint}/${aws_db_instance.this.db_name}?sslmode=require"
  secret_string_wo_version = var.secrets_version
}

# Lost or drawn anew, it makes every API key useless.
resource "aws_secretsmanager_secret" "pepper" {
  # checkov:skip=CKV2_AWS_57:changed by hand with two that hold at once, as docs/guides/keys.md says
  name       = "${var.name}/pepper"
  kms_key_id = aws_kms_key.this.arn
}

resource "aws_secretsmanager_secret_version" "pepper" {
  secret_id                = aws_secretsmanager_secret.pepper.id
  secret_string_wo         = ephemeral.random_password.pepper.result
  secret_string_wo_version = 1
}
