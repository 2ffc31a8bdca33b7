# The tasks: at least one in each zone, as many as the load asks for, replaced one after the other, and rolled back by ECS
# itself when the new ones do not become healthy.
resource "aws_ecs_cluster" "this" {
  name = var.name

  # CPU and memory of the tasks, and how many run: the alarms stand on it.
  setting {
    name  = "containerInsights"
    value = "enabled"
  }
}

resource "aws_ecs_cluster_capacity_providers" "this" {
  cluster_name       = aws_ecs_cluster.this.name
  capacity_providers = ["FARGATE"]
}

resource "aws_ecs_task_definition" "this" {
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.task_size.cpu
  memory                   = var.task_size.memory
  execution_role_arn       = aws_iam_role.start.arn
  task_role_arn            = aws_iam_role.task.arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = "X86_64"
  }

  # Only the meter's files: they are written to the database each second, and at the end.
  volume {
    name = "data"
  }

  container_definitions = jsonencode([{
    name                   = "comporta"
    image                  = "${aws_ecr_repository.this.repository_url}:${var.first_image_tag}"
    essential              = true
    readonlyRootFilesystem = true
    healthCheck = {
      command     = ["CMD", "/usr/local/bin/comporta-health"]
      interval    = 10
      timeout     = 3
      retries     = 3
      startPeriod = 60
    }
    # The program has 30 seconds for requests in flight, and some for what stands behind them.
    stopTimeout  = 75
    mountPoints  = [{ sourceVolume = "data", containerPath = "/var/lib/comporta", readOnly = false }]
    portMappings = [{ containerPort = 8080, protocol = "tcp" }, { containerPort = 8081, protocol = "tcp" }]
    environment = [
      { name = "COMPORTA_LISTEN", value = "0.0.0.0:8080" },
      { name = "COMPORTA_PRIVATE_LISTEN", value = "0.0.0.0:8081" },
      { name = "COMPORTA_DATA_DIR", value = "/var/lib/comporta" },
      # Its key would lie in a file of a task, where nobody reads it: the guide makes one otherwise.
      { name = "COMPORTA_FIRST_RUN", value = "false" },
      { name = "COMPORTA_PROXIES__TRUSTED", value = var.vpc_cidr },
      { name = "COMPORTA_IDENTITY__ISSUER", value = local.url },
    ]
    secrets = [
      { name = "DATABASE_URL", valueFrom = aws_secretsmanager_secret.database.arn },
      { name = "COMPORTA_SECURITY__PEPPER", valueFrom = aws_secretsmanager_secret.pepper.arn },
    ]
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.tasks.name
        awslogs-region        = var.region
        awslogs-stream-prefix = "comporta"
      }
    }
  }])

  depends_on = [
    terraform_data.first_image,
    aws_secretsmanager_secret_version.database,
    aws_secretsmanager_secret_version.pepper,
  ]
}

resource "aws_ecs_service" "this" {
  name                              = var.name
  cluster                           = aws_ecs_cluster.this.id
  task_definition                   = aws_ecs_task_definition.this.arn
  launch_type                       = "FARGATE"
  platform_version                  = "LATEST"
  desired_count                     = var.tasks.min
  health_check_grace_period_seconds = 60
  # While tasks are replaced there are never fewer than wanted.
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  availability_zone_rebalancing      = "ENABLED"
  propagate_tags                     = "SERVICE"

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = aws_subnet.private[*].id
    security_groups  = [aws_security_group.tasks.id]
    assign_public_ip = false
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.this.arn
    container_name   = "comporta"
    container_port   = 8080
  }

  lifecycle {
    # The pipeline brings newer images, and the load other numbers.
    ignore_changes = [task_definition, desired_count]
  }

  depends_on = [aws_lb_listener.http, aws_lb_listener.https, aws_iam_role_policy.start]
}

# Tasks read the database's password when they start: a new one wants new tasks, and the apply ends when they serve.
resource "terraform_data" "restart" {
  triggers_replace = [var.secrets_version]

  provisioner "local-exec" {
    command = <<-END
      set -e
      aws ecs update-service --cluster "$CLUSTER" --service "$SERVICE" --force-new-deployment --query service.status
      aws ecs wait services-stable --cluster "$CLUSTER" --services "$SERVICE"
    END

    environment = {
      AWS_REGION = var.region
      AWS_PAGER  = ""
      CLUSTER    = aws_ecs_cluster.this.name
      SERVICE    = aws_ecs_service.this.name
    }
  }

  depends_on = [aws_db_instance.this, aws_secretsmanager_secret_version.database]
}

resource "aws_appautoscaling_target" "this" {
  service_namespace  = "ecs"
  resource_id        = "service/${aws_ecs_cluster.this.name}/${aws_ecs_service.this.name}"
  scalable_dimension = "ecs:service:DesiredCount"
  min_capacity       = var.tasks.min
  max_capacity       = var.tasks.max
}

resource "aws_appautoscaling_policy" "cpu" {
  name               = "${var.name}-cpu"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this.service_namespace
  resource_id        = aws_appautoscaling_target.this.resource_id
  scalable_dimension = aws_appautoscaling_target.this.scalable_dimension

  target_tracking_scaling_policy_configuration {
    # Below the alarm: it is told only when more tasks did not help.
    target_value = 60

    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}
