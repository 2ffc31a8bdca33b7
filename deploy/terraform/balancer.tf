# The balancer over both zones: with a certificate it speaks TLS and sends HTTP there, without one HTTP alone.
resource "aws_lb" "this" {
  # checkov:skip=CKV2_AWS_20:HTTP is sent on to HTTPS as soon as there is a certificate
  # checkov:skip=CKV2_AWS_28:the program's own WAF stands behind it; the region of deploy/cloudformation has AWS' too
  # checkov:skip=CKV2_AWS_76:the same, the rule against Log4j among them; nothing here is written in Java
  name                       = var.name
  load_balancer_type         = "application"
  internal                   = false
  subnets                    = aws_subnet.public[*].id
  security_groups            = [aws_security_group.balancer.id]
  drop_invalid_header_fields = true
  desync_mitigation_mode     = "strictest"
  enable_deletion_protection = true
  # Shorter than the program's own http.idle_timeout, so that the balancer closes first.
  idle_timeout = 60

  access_logs {
    bucket  = aws_s3_bucket.logs.id
    prefix  = "balancer"
    enabled = true
  }

  depends_on = [aws_s3_bucket_policy.logs]
}

resource "aws_lb_target_group" "this" {
  # checkov:skip=CKV_AWS_378:inside the VPC, between two security groups that know only each other
  name                          = var.name
  vpc_id                        = aws_vpc.this.id
  target_type                   = "ip"
  protocol                      = "HTTP"
  port                          = 8080
  deregistration_delay          = 60
  load_balancing_algorithm_type = "least_outstanding_requests"

  # The private listener tells whether the task can serve: the database is part of that.
  health_check {
    port                = "8081"
    path                = "/readyz"
    matcher             = "200"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 2
  }
}

resource "aws_lb_listener" "http" {
  # checkov:skip=CKV_AWS_2:HTTP is sent on to HTTPS as soon as there is a certificate
  # checkov:skip=CKV_AWS_103:the same
  load_balancer_arn = aws_lb.this.arn
  port              = 80
  protocol          = "HTTP"

  default_action {
    type             = var.certificate_arn == null ? "forward" : "redirect"
    target_group_arn = var.certificate_arn == null ? aws_lb_target_group.this.arn : null

    dynamic "redirect" {
      for_each = var.certificate_arn == null ? [] : [1]
      content {
        protocol    = "HTTPS"
        port        = "443"
        status_code = "HTTP_301"
      }
    }
  }
}

resource "aws_lb_listener" "https" {
  count             = var.certificate_arn == null ? 0 : 1
  load_balancer_arn = aws_lb.this.arn
  port              = 443
  protocol          = "HTTPS"
  ssl_policy        = "ELBSecurityPolicy-TLS13-1-2-2021-06"
  certificate_arn   = var.certificate_arn

  default_action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this.arn
  }
}
