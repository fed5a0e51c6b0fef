//! SAM, CloudFormation and CDK templates: what is deployed of them, and what they cannot say here.

use asl_server::Caller;
use asl_server::config::Settings;
use asl_server::template::{Definition, Stack};
use asl_server::{Service, deploy};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

const SAGA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../statemachine/template.yaml");

fn caller() -> Caller {
    Caller { account: "123456789012".to_owned(), region: "eu-west-1".to_owned() }
}

/// A template and the files that lie beside it.
struct Folder(tempfile::TempDir);

impl Folder {
    fn of(files: &[(&str, &str)]) -> Folder {
        let folder = Folder(tempfile::tempdir().unwrap());
        for (name, text) in files {
            let file = folder.0.path().join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        folder
    }

    fn read(&self, template: &str, parameters: &[(&str, &str)]) -> Stack {
        let parameters = parameters.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Stack::read(&self.0.path().join(template), &parameters, &caller()).unwrap()
    }
}

fn problems(stack: &Stack) -> Vec<String> {
    stack.problems.iter().map(ToString::to_string).collect()
}

/// The definition of the machine of that name, as the template gives it.
fn definition(stack: &Stack, name: &str) -> Value {
    let machine = stack.machines.iter().find(|machine| machine.name == name).unwrap();
    match &machine.definition {
        Definition::Text(text) => serde_json::from_str(text).unwrap(),
        Definition::File(file) => json!(file.file_name().unwrap().to_str()),
    }
}

#[test]
fn the_sagas_template_is_resolved_in_every_language() {
    for (language, runtime, file) in [("python", "python3.13", "saga.py"), ("nodejs", "nodejs22.x", "saga.mjs")] {
        let parameters = BTreeMap::from([("Language".to_owned(), language.to_owned())]);
        let stack = Stack::read(Path::new(SAGA), &parameters, &caller()).unwrap();
        assert_eq!(problems(&stack), [""; 0]);
        assert_eq!((stack.functions.len(), stack.machines.len()), (6, 1));
        for function in &stack.functions {
            assert_eq!(function.runtime.as_deref(), Some(runtime));
            assert!(function.directory.join(file).is_file());
            assert_eq!(function.timeout, Duration::from_secs(10));
            assert_eq!(function.environment["SAGA_RECORDS"], "");
        }
        let substitutions = &stack.machines[0].substitutions;
        assert_eq!(substitutions["SagaTopic"], "arn:aws:sns:eu-west-1:123456789012:SagaTopic");
        let function = "arn:aws:lambda:eu-west-1:123456789012:function:NewOrderFunction";
        assert_eq!(substitutions["NewOrderFunction"], function);
    }
    let parameters = BTreeMap::from([("Language".to_owned(), "cobol".to_owned())]);
    let error = format!("{:#}", Stack::read(Path::new(SAGA), &parameters, &caller()).unwrap_err());
    assert!(error.contains("Language cannot be `cobol`; it can be python, nodejs, rust"), "{error}");
}

#[test]
fn intrinsic_functions_are_resolved_against_the_template() {
    let template = r#"
Parameters:
  Stage: { Type: String, Default: dev }
  Zones: { Type: CommaDelimitedList, Default: "a, b" }
Mappings: { Sizes: { dev: { Wait: 1 }, live: { Wait: 60 } } }
Conditions:
  IsLive: !Equals [!Ref Stage, live]
  IsDev: !Not [!Condition IsLive]
  Both: !And [!Condition IsDev, !Or [!Condition IsLive, !Equals [a, a]]]
Resources:
  Table: { Type: AWS::DynamoDB::Table, Properties: { TableName: !Sub "${Stage}-orders" } }
  Queue: { Type: AWS::SQS::Queue }
  Bucket: { Type: AWS::S3::Bucket }
  OnlyLive: { Type: AWS::StepFunctions::Activity, Condition: IsLive }
  Published: { Type: AWS::Serverless::Function, Properties: { AutoPublishAlias: live, Handler: a.b, Runtime: python3 } }
  Plain: { Type: AWS::Lambda::Function, Properties: { Code: ., Handler: a.b, Runtime: python3, FunctionName: plain } }
  Version: { Type: AWS::Lambda::Version, Properties: { FunctionName: !Ref Plain } }
  Alias: { Type: AWS::Lambda::Alias, Properties: { FunctionName: !GetAtt Plain.Arn, Name: blue } }
  Manual: { Type: AWS::StepFunctions::Activity, Properties: { Name: !Join ["-", [manual, !Ref Stage]] } }
  Machine:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      StateMachineName: !Sub "${AWS::StackName}-${Stage}"
      StateMachineType: !If [IsLive, STANDARD, EXPRESS]
      RoleArn: !GetAtt Role.Arn
      Tags: [{ Key: stage, Value: !Ref Stage }]
      Definition:
        StartAt: P
        States:
          P:
            Type: Pass
            Result:
              table: !Ref Table
              tableArn: !GetAtt Table.Arn
              queue: !Ref Queue
              queueArn: !GetAtt Queue.Arn
              published: !Ref Published.Alias
              version: !Ref Version
              alias: !Sub "${Alias}"
              bucket: !Sub "${Bucket.Arn}/x"
              manual: !Ref Manual
              self: !Sub "arn:${AWS::Partition}:states:${AWS::Region}:${AWS::AccountId}:x"
              given: !Sub ["${A}-${!B}", { A: !Select [1, !Ref Zones] }]
              wait: !FindInMap [Sizes, !Ref Stage, Wait]
              other: !FindInMap [Sizes, none, Wait, { DefaultValue: 9 }]
              both: !If [Both, yes, no]
              gone: !Ref AWS::NoValue
              split: !Split [",", "x,y"]
              length: !Length [1, 2]
              text: !ToJsonString { a: !Ref Stage }
              base64: !Base64 abc
            End: true
  Role: { Type: AWS::IAM::Role }
"#;
    let folder = Folder::of(&[("stack.yaml", template), ("a.py", "")]);
    let stack = folder.read("stack.yaml", &[]);
    assert_eq!(problems(&stack), [""; 0]);
    assert_eq!(
        definition(&stack, "stack-dev")["States"]["P"]["Result"],
        json!({
            "table": "dev-orders",
            "tableArn": "arn:aws:dynamodb:eu-west-1:123456789012:table/dev-orders",
            "queue": "https://sqs.eu-west-1.amazonaws.com/123456789012/Queue",
            "queueArn": "arn:aws:sqs:eu-west-1:123456789012:Queue",
            "published": "arn:aws:lambda:eu-west-1:123456789012:function:Published:live",
            "version": "arn:aws:lambda:eu-west-1:123456789012:function:plain:1",
            "alias": "arn:aws:lambda:eu-west-1:123456789012:function:plain:blue",
            "bucket": "arn:aws:s3:::bucket/x",
            "manual": "arn:aws:states:eu-west-1:123456789012:activity:manual-dev",
            "self": "arn:aws:states:eu-west-1:123456789012:x",
            "given": "b-${B}",
            "wait": 1,
            "other": 9,
            "both": "yes",
            "split": ["x", "y"],
            "length": 2,
            "text": "{\"a\":\"dev\"}",
            "base64": "YWJj",
        })
    );
    assert_eq!(stack.activities, ["manual-dev"]);
    let machine = &stack.machines[0];
    assert_eq!(machine.kind, asl_engine::definition::MachineType::Express);
    assert_eq!(machine.settings["roleArn"], "arn:aws:iam::123456789012:role/Role");
    assert_eq!(machine.settings["tags"], json!([{ "key": "stage", "value": "dev" }]));

    let live = folder.read("stack.yaml", &[("Stage", "live")]);
    assert_eq!(live.activities, ["OnlyLive", "manual-live"]);
    assert_eq!(definition(&live, "stack-live")["States"]["P"]["Result"]["wait"], 60);
}

#[test]
fn what_cannot_be_resolved_is_told_and_the_rest_goes_on() {
    let template = r#"Resources:
  Good:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionUri: good.asl.json
      Role: !ImportValue SharedRole
      Events: { Nightly: { Type: Schedule } }
  Missing:
    Type: AWS::Serverless::StateMachine
    Properties: { DefinitionUri: nowhere.asl.json }
  Remote:
    Type: AWS::Serverless::StateMachine
    Properties: { DefinitionUri: { Bucket: b, Key: k } }
  Imported:
    Type: AWS::Serverless::StateMachine
    Properties:
      DefinitionUri: good.asl.json
      DefinitionSubstitutions:
        A: !ImportValue Other
  Unknown:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      DefinitionString: !Sub "${Nobody} ${Good.Arn}"
  Function:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.13
      Handler: app.handler
      CodeUri: code
      Layers: [arn:aws:lambda:eu-west-1:1:layer:l:1]
      Environment:
        Variables:
          STREAM: !GetAtt Table.StreamArn
          GOOD: !Ref Good
  Java:
    Type: AWS::Serverless::Function
    Properties: { Runtime: java21, Handler: a.B, CodeUri: code }
  Unbuilt:
    Type: AWS::Serverless::Function
    Properties: { Runtime: nodejs22.x, Handler: src/app.handler, CodeUri: code }
  Image:
    Type: AWS::Serverless::Function
    Properties: { PackageType: Image }
  Elsewhere:
    Type: AWS::Lambda::Function
    Properties: { Runtime: python3.13, Handler: a.b, Code: { S3Bucket: b, S3Key: k } }
  Table: { Type: AWS::DynamoDB::Table }
  Fn::ForEach::Many: [A, [b, c], { "M${A}": { Type: AWS::SNS::Topic } }]
"#;
    let good = json!({ "StartAt": "P", "States": { "P": { "Type": "Pass", "End": true } } }).to_string();
    let folder = Folder::of(&[("template.yaml", template), ("good.asl.json", &good), ("code/app.py", "")]);
    let stack = folder.read("template.yaml", &[]);
    let problems = problems(&stack);
    for (told, says) in problems.iter().zip([
        "line 6: Good: Role is left out: Fn::ImportValue cannot be resolved on this machine",
        "line 7: Good: nothing here starts it by its events (Nightly)",
        "line 10: Missing: its definition is not there: no file `",
        "line 13: Remote: its definition is in S3, which is not read",
        "line 19: Imported: Fn::ImportValue cannot be resolved",
        "line 23: Unknown: the template has no parameter or resource Nobody",
        "line 33: Function: STREAM is left out of its environment: the attribute StreamArn of Table (AWS::DynamoDB::Table)",
        "line 25: Function: its layers are not applied",
        "line 36: Java: it cannot be started yet: the runtime java21 is not started by itself: give the function a command",
        "line 39: Unbuilt: it cannot be started yet: no src/app.js in /",
        "line 42: Image: it is a container image",
        "line 46: Elsewhere: its code is not on this machine",
        "line 48: Fn::ForEach::Many: loops and transforms are not expanded here",
    ]) {
        assert!(told.starts_with(says), "{told}\n{says}");
    }
    assert_eq!(problems.len(), 13, "{problems:#?}");
    let names: Vec<&str> = stack.functions.iter().map(|function| function.name.as_str()).collect();
    assert_eq!(names, ["Function", "Java", "Unbuilt"]);
    let good = "arn:aws:states:eu-west-1:123456789012:stateMachine:Good";
    assert_eq!(stack.functions[0].environment, BTreeMap::from([("GOOD".to_owned(), good.to_owned())]));
    assert_eq!(stack.machines.len(), 1);
    assert_eq!(stack.not_created, BTreeMap::from([("AWS::DynamoDB::Table".to_owned(), 1)]));
}

#[test]
fn names_that_refer_to_each_other_end() {
    let template = r#"
Conditions: { A: !Condition B, B: !Condition A }
Resources:
  One: { Type: AWS::SNS::Topic, Properties: { TopicName: !GetAtt Two.TopicName } }
  Two: { Type: AWS::SNS::Topic, Properties: { TopicName: !GetAtt One.TopicName } }
  M:
    Type: AWS::StepFunctions::StateMachine
    Properties: { DefinitionString: !Ref One }
  N: { Type: AWS::StepFunctions::Activity, Condition: A }
"#;
    let stack = Folder::of(&[("template.yaml", template)]).read("template.yaml", &[]);
    let problems = problems(&stack);
    assert_eq!(problems.len(), 2);
    assert!(problems.iter().all(|problem| problem.ends_with("this refers to itself")), "{problems:?}");
}

#[test]
fn what_the_cdk_writes_is_understood() {
    let template = json!({
        "Resources": {
            "Charge1A2B3C4D": {
                "Type": "AWS::Lambda::Function",
                "Properties": {
                    "Code": { "S3Bucket": { "Fn::Sub": "cdk-${AWS::AccountId}" }, "S3Key": "abc.zip" },
                    "Handler": "index.handler", "Runtime": "nodejs22.x", "Timeout": 30, "MemorySize": 256,
                },
                "Metadata": { "aws:asset:path": "asset.abc", "aws:asset:property": "Code" },
            },
            // Synthesised without the CDK's command line, which adds the metadata.
            "Bare": {
                "Type": "AWS::Lambda::Function",
                "Properties": {
                    "Code": { "S3Bucket": "b", "S3Key": "abc.zip" }, "Handler": "index.handler", "Runtime": "nodejs22.x",
                },
            },
            "Inline": {
                "Type": "AWS::Lambda::Function",
                "Properties": {
                    "Code": { "ZipFile": "def handler(event, context): return 1" },
                    "Handler": "index.handler", "Runtime": "python3.13",
                },
            },
            "Machine": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": { "DefinitionString": { "Fn::Join": ["", [
                    "{\"StartAt\":\"T\",\"States\":{\"T\":{\"Type\":\"Task\",\"End\":true,\"Resource\":\"",
                    { "Fn::GetAtt": ["Charge1A2B3C4D", "Arn"] }, "\"}}}",
                ]] } },
            },
            "FromFile": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": { "DefinitionS3Location": { "Bucket": "b", "Key": "def.json" } },
            },
            "Lost": {
                "Type": "AWS::StepFunctions::StateMachine",
                "Properties": { "DefinitionS3Location": { "Bucket": "b", "Key": "lost.json" } },
            },
        },
    });
    let template = serde_json::to_string_pretty(&template).unwrap();
    let folder = Folder::of(&[
        ("cdk.out/Stack.template.json", &template),
        ("cdk.out/asset.abc/index.js", ""),
        ("cdk.out/asset.def.json", "{}"),
    ]);
    let stack = folder.read("cdk.out/Stack.template.json", &[]);
    let line = template.lines().position(|line| line.contains("\"Lost\"")).unwrap() + 1;
    let lost =
        format!("line {line}: Lost: its definition is in S3, which is not read: point DefinitionUri at the file");
    assert_eq!(problems(&stack), [lost]);
    let [charge, bare, inline] = &stack.functions[..] else { panic!("three functions") };
    assert!(charge.directory.ends_with("cdk.out/asset.abc"));
    assert_eq!(bare.directory, charge.directory);
    assert_eq!((charge.timeout, charge.memory), (Duration::from_secs(30), 256));
    let code = std::fs::read_to_string(inline.directory.join("index.py")).unwrap();
    assert_eq!(code, "def handler(event, context): return 1");
    let resource = "arn:aws:lambda:eu-west-1:123456789012:function:Charge1A2B3C4D";
    assert_eq!(definition(&stack, "Machine")["States"]["T"]["Resource"], resource);
    assert_eq!(definition(&stack, "FromFile"), "asset.def.json");
}

#[tokio::test]
async fn a_template_is_deployed_and_what_is_wrong_in_it_is_told() {
    let template = r#"
Resources:
  Wrong:
    Type: AWS::StepFunctions::StateMachine
    Properties: { DefinitionString: '{"StartAt": "A", "States": {}}' }
  Right:
    Type: AWS::StepFunctions::StateMachine
    Properties:
      StateMachineType: EXPRESS
      TracingConfiguration: { Enabled: true }
      Tags: [{ Key: a, Value: b }]
      DefinitionString: '{"StartAt": "P", "States": {"P": {"Type": "Pass", "Result": "${What}", "End": true}}}'
      DefinitionSubstitutions: { What: template }
  Manual: { Type: AWS::StepFunctions::Activity }
"#;
    let folder = Folder::of(&[("template.yaml", template)]);
    let config = Settings { ephemeral: Some(true), ..Settings::default() }.into_config().unwrap();
    let service = Service::builder("123456789012", "us-east-1").build();
    let mut stacks = [folder.read("template.yaml", &[])];
    for _again in 0..2 {
        stacks[0].problems.clear();
        let deployed = deploy::deploy(&service, &config, &mut stacks).await.unwrap();
        let right = "arn:aws:states:us-east-1:123456789012:stateMachine:Right";
        assert_eq!(deployed, [right]);
        let problems = problems(&stacks[0]);
        assert!(problems[0].contains("Wrong in ") && problems[0].contains("cannot be run"), "{problems:?}");
        assert_eq!(problems.len(), 1);
        let request = json!({ "stateMachineArn": right }).to_string();
        let told = service.call("DescribeStateMachine", request.as_bytes(), service.caller()).await.unwrap();
        let told: Value = serde_json::from_str(&told).unwrap();
        assert_eq!((&told["type"], &told["tracingConfiguration"]), (&json!("EXPRESS"), &json!({ "enabled": true })));
        assert!(told["definition"].as_str().unwrap().contains("\"template\""));
        let activities = service.call("ListActivities", b"{}", service.caller()).await.unwrap();
        assert!(activities.contains(":activity:Manual"));
    }
}
