"""Which call makes which kind of resource.

`call` is a client's service and method. Arguments are the template's properties: `rename` gives some another name, `leave`
leaves out what belongs to calls that moto has not, `named` are filled with the name that CloudFormation would make up.
`identity` and `attributes` tell where in the answer Ref and GetAtt find theirs. `checked_only`: moto has no such call.
"""

KINDS = {
    "AWS::ApiGateway::ApiKey": {"call": "apigateway.create_api_key", "identity": "id"},
    "AWS::ApiGateway::Authorizer": {"call": "apigateway.create_authorizer", "identity": "id"},
    "AWS::ApiGateway::BasePathMapping": {"call": "apigateway.create_base_path_mapping"},
    "AWS::ApiGateway::DomainName": {
        "call": "apigateway.create_domain_name",
        "identity": "domainName",
        "attributes": {"RegionalDomainName": "regionalDomainName", "RegionalHostedZoneId": "regionalHostedZoneId"},
    },
    "AWS::ApiGateway::Stage": {
        "call": "apigateway.create_stage",
        "leave": ["AccessLogSetting", "MethodSettings"],
        "identity": "stageName",
    },
    "AWS::ApiGateway::UsagePlan": {
        "call": "apigateway.create_usage_plan",
        "rename": {"UsagePlanName": "name"},
        "identity": "id",
    },
    "AWS::ApiGateway::UsagePlanKey": {"call": "apigateway.create_usage_plan_key", "identity": "id"},
    "AWS::ApiGateway::VpcLink": {"call": "apigateway.create_vpc_link", "identity": "id"},
    "AWS::CertificateManager::Certificate": {
        "call": "acm.request_certificate",
        "leave": ["DomainValidationOptions"],
        "identity": "CertificateArn",
    },
    "AWS::CloudWatch::Alarm": {"call": "cloudwatch.put_metric_alarm"},
    "AWS::Cognito::UserPool": {
        "call": "cognito-idp.create_user_pool",
        "rename": {"UserPoolName": "PoolName"},
        "leave": ["EnabledMfas"],
        "identity": "UserPool.Id",
        "attributes": {"Arn": "UserPool.Arn", "ProviderURL": "UserPool.Name"},
    },
    "AWS::Cognito::UserPoolClient": {"call": "cognito-idp.create_user_pool_client", "identity": "UserPoolClient.ClientId"},
    "AWS::Cognito::UserPoolDomain": {"call": "cognito-idp.create_user_pool_domain"},
    "AWS::Cognito::UserPoolResourceServer": {"call": "cognito-idp.create_resource_server"},
    "AWS::ECR::ReplicationConfiguration": {"call": "ecr.put_replication_configuration"},
    "AWS::EKS::AccessEntry": {"call": "eks.create_access_entry", "leave": ["AccessPolicies"], "checked_only": True},
    "AWS::EKS::Addon": {"call": "eks.create_addon", "checked_only": True},
    "AWS::EKS::Nodegroup": {"call": "eks.create_nodegroup", "identity": "nodegroup.nodegroupName"},
    "AWS::EKS::PodIdentityAssociation": {"call": "eks.create_pod_identity_association", "checked_only": True},
    "AWS::ElastiCache::ReplicationGroup": {
        "call": "elasticache.create_replication_group",
        "identity": "ReplicationGroup.ReplicationGroupId",
        "attributes": {"PrimaryEndPoint.Address": "ReplicationGroup.ReplicationGroupId"},
    },
    "AWS::ElastiCache::SubnetGroup": {
        "call": "elasticache.create_cache_subnet_group",
        "rename": {"Description": "CacheSubnetGroupDescription"},
        "identity": "CacheSubnetGroup.CacheSubnetGroupName",
    },
    "AWS::ElasticLoadBalancingV2::Listener": {"call": "elbv2.create_listener", "identity": "Listeners.0.ListenerArn"},
    "AWS::IAM::OIDCProvider": {
        "call": "iam.create_open_id_connect_provider",
        "identity": "OpenIDConnectProviderArn",
        "attributes": {"Arn": "OpenIDConnectProviderArn"},
    },
    "AWS::Logs::MetricFilter": {"call": "logs.put_metric_filter", "named": ["filterName"]},
    "AWS::Logs::QueryDefinition": {"call": "logs.put_query_definition", "checked_only": True},
    "AWS::RDS::DBSubnetGroup": {
        "call": "rds.create_db_subnet_group",
        "named": ["DBSubnetGroupName"],
        "identity": "DBSubnetGroup.DBSubnetGroupName",
    },
    "AWS::RDS::EventSubscription": {
        "call": "rds.create_event_subscription",
        "named": ["SubscriptionName"],
        "identity": "EventSubscription.CustSubscriptionId",
    },
    "AWS::SNS::Subscription": {"call": "sns.subscribe", "identity": "SubscriptionArn"},
    "AWS::WAFv2::WebACL": {
        "call": "wafv2.create_web_acl",
        "identity": "Summary.Id",
        "attributes": {"Arn": "Summary.ARN"},
    },
    "AWS::WAFv2::WebACLAssociation": {"call": "wafv2.associate_web_acl"},
    "AWS::XRay::Group": {"call": "xray.create_group", "checked_only": True},
    "AWS::XRay::SamplingRule": {"call": "xray.create_sampling_rule", "checked_only": True},
}
