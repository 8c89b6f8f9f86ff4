internal import Glibc

/// The signals by which a process is asked to end, for a thread that waits for them.
struct StopSignals: Sendable {
  private let set: sigset_t

  /// Keeps them from ending the process; to be called before any thread is started.
  ///
  /// What is ignored already stays so: nohup(1) ignores SIGHUP, and a shell's script SIGINT for
  /// what it runs in the background.
  init() {
    var set = sigset_t()
    sigemptyset(&set)
    for signal in [SIGHUP, SIGINT, SIGTERM] where !Self.isIgnored(signal) {
      sigaddset(&set, signal)
    }
    pthread_sigmask(SIG_BLOCK, &set, nil)
    self.set = set
  }

  /// Waits for the next one.
  func next() -> CInt {
    var set = set
    var signal: CInt = 0
    while sigwait(&set, &signal) != 0 {}
    return signal
  }

  /// The signal's name, such as `SIGTERM`.
  static func name(_ signal: CInt) -> String {
    switch signal {
    case SIGHUP: "SIGHUP"
    case SIGINT: "SIGINT"
    case SIGTERM: "SIGTERM"
    default: "signal \(signal)"
    }
  }

  /// Ends the process at once, with the status that shells give to one that a signal ended.
  static func end(_ signal: CInt) -> Never {
    _exit(128 + signal)
  }

  private static func isIgnored(_ signal: CInt) -> Bool {
    var action = sigaction()
    sigaction(signal, nil, &action)
    // SIG_IGN, which Swift does not import, is a function at the address 1.
    return unsafeAddress(of: action) == 1
  }

  private static func unsafeAddress(of action: sigaction) -> UInt {
    withUnsafeBytes(of: action.__sigaction_handler) { $0.load(as: UInt.self) }
  }
}
