//! `asl validate`

use super::report::{self, Checked};
use super::{CommonOptions, FunctionOptions, output};
use crate::deploy;
use asl_engine::definition::{Definition, MachineType};
use clap::Args;
use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

/// Checks definitions and shows what is wrong with them: file, line, column, and what to do
#[derive(Args)]
#[command(after_help = "\
Examples:
  asl validate statemachine/llt.asl.yaml
  asl validate --express order.asl.json
  cat order.asl.json | asl validate -
  asl validate --format sarif *.asl.yaml > asl.sarif     for code scanning, such as GitHub's

The exit code is 1 when a definition has an error; warnings alone leave it 0.")]
pub(super) struct Validate {
    /// Definitions in JSON or YAML; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Checks them as EXPRESS state machines
    #[arg(long)]
    express: bool,

    /// `human` shows the place in the text; `json` tells what ValidateStateMachineDefinition tells, with lines and columns;
    /// `sarif` is SARIF 2.1.0
    #[arg(long, value_enum, default_value_t = ReportFormat::Human)]
    format: ReportFormat,

    #[command(flatten)]
    functions: FunctionOptions,

    #[command(flatten)]
    common: CommonOptions,
}

/// For whom the findings are.
#[derive(Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum ReportFormat {
    Human,
    Json,
    Sarif,
}

impl Validate {
    pub(super) fn run(self) -> anyhow::Result<ExitCode> {
        let settings = self.common.settings(self.functions.settings())?;
        let substitutions = deploy::substitutions(&settings.region()?, &settings.account()?, &settings.set);
        let kind = if self.express { MachineType::Express } else { MachineType::Standard };
        let options = deploy::options(&substitutions, kind);
        let color = std::io::stdout().is_terminal();
        let mut wrong = 0;
        let mut checked = Vec::new();
        for file in &self.files {
            let name = file.display().to_string();
            let text = match deploy::text(file) {
                Ok(text) => text,
                Err(error) => {
                    eprintln!("error: {error:#}");
                    wrong += 1;
                    continue;
                }
            };
            let definition = Definition::parse(&text, &options);
            let is_right = definition.program.is_some();
            wrong += usize::from(!is_right);
            if self.format != ReportFormat::Human {
                checked.push(Checked { file: name, definition });
                continue;
            }
            output::text(definition.render(&name, color));
            if is_right {
                output::line(format_args!("{name}: ok"));
            }
        }
        match self.format {
            ReportFormat::Human => {}
            ReportFormat::Json => output::line(format_args!("{:#}", report::json(&checked))),
            ReportFormat::Sarif => output::line(format_args!("{:#}", report::sarif(&checked))),
        }
        if wrong > 0 {
            eprintln!("{wrong} of {} with errors", self.files.len());
        }
        Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
    }
}
