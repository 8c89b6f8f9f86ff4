import EvalScenarios
import Glibc

exit(Evaluation.run(Array(CommandLine.arguments.dropFirst())))
