//! `sagemaker`: jobs, models and endpoints. A job is known by the name that its task gives it.

use super::action::{Action, Integration};
use super::job::{Ask, From, Job};
use super::optimised::Service;

pub(super) const SAGEMAKER: Integration = Integration {
    name: "sagemaker",
    service: Service { prefix: "SageMaker", name: "AmazonSageMaker" },
    model: "sagemaker",
    actions: &[
        Action::of("createEndpoint"),
        Action::of("createEndpointConfig"),
        Action::starting("createHyperParameterTuningJob", &TUNING),
        Action::starting("createLabelingJob", &LABELING),
        Action::of("createModel"),
        Action::starting("createProcessingJob", &PROCESSING),
        Action::starting("createTrainingJob", &TRAINING),
        Action::starting("createTransformJob", &TRANSFORM),
        Action::of("updateEndpoint"),
    ],
    elsewhere: &[],
};

const ENDS: Job = Job { succeeded: &["Completed"], failed: &["Failed", "Stopped"], ..Job::PLAIN };

const TUNING: Job = Job {
    describe: Ask { operation: "describeHyperParameterTuningJob", parameters: TUNING_NAME },
    state: "HyperParameterTuningJobStatus",
    failed: &["Failed", "Stopped", "DeleteFailed"],
    cancel: Some(Ask { operation: "stopHyperParameterTuningJob", parameters: TUNING_NAME }),
    ..ENDS
};
const TUNING_NAME: &[(&str, From)] = &[("HyperParameterTuningJobName", From::Task("HyperParameterTuningJobName"))];

const LABELING: Job = Job {
    describe: Ask { operation: "describeLabelingJob", parameters: LABELING_NAME },
    state: "LabelingJobStatus",
    cancel: Some(Ask { operation: "stopLabelingJob", parameters: LABELING_NAME }),
    ..ENDS
};
const LABELING_NAME: &[(&str, From)] = &[("LabelingJobName", From::Task("LabelingJobName"))];

const PROCESSING: Job = Job {
    describe: Ask { operation: "describeProcessingJob", parameters: PROCESSING_NAME },
    state: "ProcessingJobStatus",
    cancel: Some(Ask { operation: "stopProcessingJob", parameters: PROCESSING_NAME }),
    ..ENDS
};
const PROCESSING_NAME: &[(&str, From)] = &[("ProcessingJobName", From::Task("ProcessingJobName"))];

const TRAINING: Job = Job {
    describe: Ask { operation: "describeTrainingJob", parameters: TRAINING_NAME },
    state: "TrainingJobStatus",
    cancel: Some(Ask { operation: "stopTrainingJob", parameters: TRAINING_NAME }),
    ..ENDS
};
const TRAINING_NAME: &[(&str, From)] = &[("TrainingJobName", From::Task("TrainingJobName"))];

const TRANSFORM: Job = Job {
    describe: Ask { operation: "describeTransformJob", parameters: TRANSFORM_NAME },
    state: "TransformJobStatus",
    cancel: Some(Ask { operation: "stopTransformJob", parameters: TRANSFORM_NAME }),
    ..ENDS
};
const TRANSFORM_NAME: &[(&str, From)] = &[("TransformJobName", From::Task("TransformJobName"))];
