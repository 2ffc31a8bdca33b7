variable "name" {
  description = "What everything is called."
  type        = string
  default     = "comporta"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{2,19}$", var.name))
    error_message = "Small letters, digits and hyphens, 3 to 20 of them, a letter first: names of balancers are short."
  }
}

variable "region" {
  description = "Where it runs."
  type        = string
  default     = "us-east-1"
}

variable "zones" {
  description = "Two zones of the region: a lost one takes half of the tasks."
  type        = list(string)
  default     = ["us-east-1a", "us-east-1b"]

  validation {
    condition     = length(var.zones) == 2 && length(distinct(var.zones)) == 2
    error_message = "Two different zones."
  }
}

variable "alarm_addresses" {
  description = "The two addresses that alarms are sent to; each gets a letter to confirm."
  type        = list(string)

  validation {
    condition     = length(var.alarm_addresses) == 2 && length(distinct(var.alarm_addresses)) == 2
    error_message = "Two different addresses."
  }
}

variable "certificate_arn" {
  description = "A certificate of ACM for your own name. Without one there is HTTP alone, on the balancer's name: to try it."
  type        = string
  default     = null
}

variable "public_name" {
  description = "The name that the certificate is for, whose record leads to the balancer."
  type        = string
  default     = null
}

variable "vpc_cidr" {
  description = "A /16."
  type        = string
  default     = "10.50.0.0/16"
}

variable "first_image_tag" {
  description = "Tag of the image that is built and pushed at the first apply. Later ones come by the pipeline."
  type        = string
  default     = "1.0"
}

variable "tasks" {
  description = "Tasks at the least and at the most: between them the load decides."
  type        = object({ min = number, max = number })
  default     = { min = 2, max = 6 }

  validation {
    condition     = var.tasks.min >= 2 && var.tasks.max >= var.tasks.min
    error_message = "At least two, one for each zone."
  }
}

variable "task_size" {
  description = "CPU units and MiB of a task, a pair that Fargate knows."
  type        = object({ cpu = number, memory = number })
  default     = { cpu = 512, memory = 1024 }
}

variable "database" {
  description = "Class of the database, and whether it stands in both zones."
  type        = object({ class = string, multi_az = bool, storage = number, max_storage = number })
  default     = { class = "db.t4g.small", multi_az = true, storage = 20, max_storage = 200 }
}

variable "secrets_version" {
  description = "Raise it to draw a new database password; calls are 503 until new tasks have it. The pepper is not drawn again: it would end every API key."
  type        = number
  default     = 1
}

variable "github_repository" {
  description = "owner/name of the repository whose pipeline deploys; null for none."
  type        = string
  default     = null
}

variable "log_days" {
  description = "How long logs are kept."
  type        = number
  default     = 90
}
