# Who may speak to whom: the internet to the balancer, the balancer to the tasks, the tasks to the database.
resource "aws_security_group" "balancer" {
  name        = "${var.name}-balancer"
  description = "the balancer on the internet"
  vpc_id      = aws_vpc.this.id
}

resource "aws_vpc_security_group_ingress_rule" "balancer_http" {
  # checkov:skip=CKV_AWS_260:a public API; sent on to 443 as soon as there is a certificate
  security_group_id = aws_security_group.balancer.id
  description       = "callers; sent on to 443 where there is a certificate"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 80
  to_port           = 80
}

resource "aws_vpc_security_group_ingress_rule" "balancer_https" {
  count             = var.certificate_arn == null ? 0 : 1
  security_group_id = aws_security_group.balancer.id
  description       = "callers"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "balancer_tasks" {
  security_group_id            = aws_security_group.balancer.id
  description                  = "tasks: calls on 8080, health on 8081"
  referenced_security_group_id = aws_security_group.tasks.id
  ip_protocol                  = "tcp"
  from_port                    = 8080
  to_port                      = 8081
}

resource "aws_security_group" "tasks" {
  name        = "${var.name}-tasks"
  description = "the tasks"
  vpc_id      = aws_vpc.this.id
}

resource "aws_vpc_security_group_ingress_rule" "tasks_balancer" {
  security_group_id            = aws_security_group.tasks.id
  description                  = "the balancer and nobody else"
  referenced_security_group_id = aws_security_group.balancer.id
  ip_protocol                  = "tcp"
  from_port                    = 8080
  to_port                      = 8081
}

resource "aws_vpc_security_group_egress_rule" "tasks_database" {
  security_group_id            = aws_security_group.tasks.id
  description                  = "the database"
  referenced_security_group_id = aws_security_group.database.id
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}

resource "aws_vpc_security_group_egress_rule" "tasks_https" {
  security_group_id = aws_security_group.tasks.id
  description       = "images, secrets, logs, and issuers of tokens"
  cidr_ipv4         = "0.0.0.0/0"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_security_group" "database" {
  name        = "${var.name}-database"
  description = "PostgreSQL"
  vpc_id      = aws_vpc.this.id
}

resource "aws_vpc_security_group_ingress_rule" "database_tasks" {
  security_group_id            = aws_security_group.database.id
  description                  = "tasks"
  referenced_security_group_id = aws_security_group.tasks.id
  ip_protocol                  = "tcp"
  from_port                    = 5432
  to_port                      = 5432
}
