@testable import EvalScenarios

/// The options of a command line that runs something.
func options(_ arguments: String...) throws -> Options {
  guard case .run(let options) = try Command(arguments: arguments) else {
    throw UsageError("help was read instead of a run")
  }
  return options
}

/// What is said of a command line that can't be used; nil of one that can.
func failure(_ arguments: [String]) -> String? {
  do {
    _ = try Command(arguments: arguments)
    return nil
  } catch {
    return error.description
  }
}
