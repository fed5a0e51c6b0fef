"""Jobs that Task states start and wait for, at the services that moto has: part of services.py."""
from e2e import ROLE, check


def reached(name, output, *path, state):
    """The job has come to that state; of anything else the whole output is told."""
    found = output
    for step in path:
        found = found.get(step) if isinstance(found, dict) else None
    check(name, found if found == state else output, state)


def glue(world):
    world.aws("glue").create_job(
        Name="etl", Role=ROLE, Command={"Name": "glueetl", "ScriptLocation": "s3://b/k"}, ExecutionProperty={"MaxConcurrentRuns": 9}
    )
    accepted = world.call("glue:startJobRun", {"JobName": "etl"})
    members = ["JobRunId", "SdkHttpMetadata", "SdkResponseMetadata"]
    check("glue: a run is started, and not waited for", sorted(accepted), members)
    run = world.call("glue:startJobRun.sync", {"JobName": "etl"})
    reached("glue: a run is waited for", run, "JobRunState", state="SUCCEEDED")
    check("glue: its times are numbers", isinstance(run.get("StartedOn"), int))
    cause = world.caught("glue:startJobRun.sync", {"JobName": "none"}, "Glue.EntityNotFoundException")
    told = isinstance(cause, str) and "(Service: AWSGlue; Status Code: 400; Error Code: EntityNotFoundException;" in cause
    check("glue: a missing job is caught", told or cause)


def athena(world):
    query = {"QueryString": "SELECT 1", "ResultConfiguration": {"OutputLocation": "s3://results/"}}
    done = world.call("athena:startQueryExecution.sync", query)
    reached("athena: a query is waited for", done, "QueryExecution", "Status", "State", state="SUCCEEDED")
    name = {"QueryExecutionId": done["QueryExecution"]["QueryExecutionId"]}
    got = world.call("athena:getQueryExecution", name)
    reached("athena: it is described", got, "QueryExecution", "QueryExecutionId", state=name["QueryExecutionId"])
    check("athena: it has results", "ResultSet" in world.call("athena:getQueryResults", name))


def sagemaker(world):
    training = {
        "TrainingJobName": "training",
        "RoleArn": ROLE,
        "AlgorithmSpecification": {"TrainingImage": "i", "TrainingInputMode": "File"},
        "OutputDataConfig": {"S3OutputPath": "s3://b/o"},
        "ResourceConfig": {"InstanceType": "ml.m4.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 1},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }
    done = world.call("sagemaker:createTrainingJob.sync", training)
    reached("sagemaker: a model is trained", done, "TrainingJobStatus", state="Completed")
    source = {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": "s3://b/k"}}
    transform = {
        "TransformJobName": "transform",
        "ModelName": "m",
        "TransformInput": {"DataSource": source},
        "TransformOutput": {"S3OutputPath": "s3://b/o"},
        "TransformResources": {"InstanceType": "ml.m4.xlarge", "InstanceCount": 1},
    }
    done = world.call("sagemaker:createTransformJob.sync", transform)
    reached("sagemaker: data are transformed", done, "TransformJobStatus", state="Completed")


def emr(world):
    group = lambda role: {"Name": role.lower(), "InstanceRole": role, "InstanceType": "m4.large", "InstanceCount": 1}
    instances = {"KeepJobFlowAliveWhenNoSteps": True, "InstanceGroups": [group("MASTER"), group("CORE")]}
    cluster = {"Name": "n", "Instances": instances, "JobFlowRole": "r", "ServiceRole": "s", "ReleaseLabel": "emr-6.2.0"}
    made = world.call("elasticmapreduce:createCluster.sync", cluster)
    reached("emr: a cluster is waited for", made, "Cluster", "Status", "State", state="WAITING")
    name = {"ClusterId": made["ClusterId"]}
    step = world.call("elasticmapreduce:addStep", {**name, "Step": {"Name": "s", "HadoopJarStep": {"Jar": "x"}}})
    check("emr: a step is added", isinstance(step.get("StepId"), str) or step)
    resized = {**name, "InstanceGroupName": "core", "InstanceGroup": {"InstanceCount": 3}}
    world.call("elasticmapreduce:modifyInstanceGroupByName", resized)
    groups = world.aws("emr").list_instance_groups(**name)["InstanceGroups"]
    check("emr: a group is found by its name", {g["Name"]: g["RequestedInstanceCount"] for g in groups}, {"master": 1, "core": 3})
    ended = world.call("elasticmapreduce:terminateCluster.sync", name)
    reached("emr: a cluster is terminated", ended, "Cluster", "Status", "State", state="TERMINATED")


def emr_serverless(world):
    application = {"Name": "a", "Type": "SPARK", "ReleaseLabel": "emr-6.6.0"}
    made = world.call("emr-serverless:createApplication.sync", application)
    reached("emr-serverless: an application is made", made, "Application", "Name", state="a")
    name = {"ApplicationId": made["Application"]["ApplicationId"]}
    started = world.call("emr-serverless:startApplication.sync", name)
    reached("emr-serverless: it is started", started, "Application", "State", state="STARTED")
    run = {**name, "ExecutionRoleArn": ROLE, "JobDriver": {"SparkSubmit": {"EntryPoint": "s3://b/k"}}}
    done = world.call("emr-serverless:startJobRun.sync", run)
    reached("emr-serverless: a job is run", done, "JobRun", "State", state="SUCCESS")
    stopped = world.call("emr-serverless:stopApplication.sync", name)
    reached("emr-serverless: it is stopped", stopped, "Application", "State", state="STOPPED")
    deleted = world.call("emr-serverless:deleteApplication.sync", name)
    reached("emr-serverless: it is deleted", deleted, "Application", "State", state="TERMINATED")


def eks(world):
    cluster = {"Name": "c", "RoleArn": ROLE, "ResourcesVpcConfig": {"SubnetIds": ["subnet-1"]}}
    made = world.call("eks:createCluster.sync", cluster)
    reached("eks: a cluster is waited for", made, "Cluster", "Status", state="ACTIVE")
    world.call("eks:deleteCluster.sync", {"Name": "c"})
    check("eks: it is gone", world.aws("eks").list_clusters()["clusters"], [])


def ecs(world):
    client = world.aws("ecs")
    client.create_cluster(clusterName="c")
    client.register_task_definition(family="f", containerDefinitions=[{"name": "x", "image": "i", "memory": 64}])
    network = {"AwsvpcConfiguration": {"Subnets": ["subnet-1"]}}
    run = {"Cluster": "c", "TaskDefinition": "f", "LaunchType": "FARGATE", "NetworkConfiguration": network}
    started = world.call("ecs:runTask", run)
    listed = client.list_tasks(cluster="c")["taskArns"]
    check("ecs: a task is started", [task["TaskArn"] for task in started.get("Tasks", [])], listed)
    check("ecs: and none failed to be placed", started["Failures"], [])


GROUPS = [glue, athena, sagemaker, emr, emr_serverless, eks, ecs]
