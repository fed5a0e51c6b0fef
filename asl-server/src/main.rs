//! The `asl` command line.

fn main() -> std::process::ExitCode {
    asl_server::cli::main()
}
