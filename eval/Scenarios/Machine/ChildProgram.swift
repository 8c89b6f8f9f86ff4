internal import CAllocations
internal import Glibc

/// Another program that runs beside this one.
///
/// One that is this program too ends with this one, however that ends, if its environment has
/// ``parentSetting``: with the thread that started it, in truth, which is to outlive it.
struct ChildProgram: ~Copyable {
  private let process: pid_t

  /// Starts the program at the path that the first word is; what it says goes to the file at
  /// `output`.
  ///
  /// - Throws: ``EvaluationError`` if the system can't start it.
  init(
    _ words: [String],
    environment: [String],
    output: String
  ) throws(EvaluationError) {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    let flags = O_WRONLY | O_CREAT | O_TRUNC
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, output, flags, 0o600)
    posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO)
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    // Signals that this process waits for are not to be lost on the other.
    var blocked = sigset_t()
    sigemptyset(&blocked)
    posix_spawnattr_setsigmask(&attributes, &blocked)
    posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
    var arguments = words.map { strdup($0) } + [nil]
    var settings = environment.map { strdup($0) } + [nil]
    defer { for text in arguments + settings { free(text) } }
    var process: pid_t = 0
    let code = posix_spawn(&process, words[0], &actions, &attributes, &arguments, &settings)
    guard code == 0 else {
      throw EvaluationError("can't start \(words[0]): \(String(cString: strerror(code)))")
    }
    self.process = process
  }

  /// The number by which the system knows the process.
  var number: Int { Int(process) }

  /// Ends the process at once.
  borrowing func kill() {
    _ = Glibc.kill(process, SIGKILL)
  }

  /// Waits for the end of the program; its exit status, or 128 and the signal that ended it.
  consuming func wait() -> CInt {
    var status: CInt = 0
    while waitpid(process, &status, 0) < 0 && errno == EINTR {}
    let signal = status & 0x7F
    return signal == 0 ? status >> 8 & 0xFF : 128 + signal
  }

  /// The program `name` on the search path of this process; nil if there is none.
  static func find(_ name: String) -> String? {
    guard let path = getenv("PATH") else { return nil }
    return String(cString: path).split(separator: ":")
      .map { "\($0)/\(name)" }
      .first { access($0, X_OK) == 0 }
  }
}

// The end of this process, for children that are this program too.
extension ChildProgram {
  private static let parentName = "GRAPEVINE_EVAL_PARENT"

  /// Says to a child that it is to end with this process.
  ///
  /// It has the same size in each process: where a child's memory lies depends on that of its
  /// environment.
  static var parentSetting: String {
    let digits = "\(getpid())"
    return "\(parentName)=" + String(repeating: "0", count: max(0, 10 - digits.count)) + digits
  }

  /// Lets this process end with its parent, if that has said so.
  static func endWithParent() {
    guard let text = getenv(parentName), let parent = pid_t(String(cString: text)) else { return }
    parent_takes_along()
    // It may have ended before this one has asked to be told.
    if getppid() != parent { _exit(1) }
  }
}
