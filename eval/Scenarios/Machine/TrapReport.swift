internal import Glibc

/// Says what a thread was at when the process traps.
///
/// A trap ends the process by its signal. Before that a handler writes the line that the thread has
/// prepared, with calls that a handler may make, and leaves the rest to whoever handled the signal
/// before.
enum TrapReport {
  private static let signals = [SIGILL, SIGTRAP, SIGABRT, SIGSEGV, SIGBUS, SIGFPE]

  /// Where a thread's line is: its length, then its bytes.
  private static let key: pthread_key_t = {
    var key = pthread_key_t()
    let code = pthread_key_create(&key) { line in line?.deallocate() }
    precondition(code == 0, "no key for threads: \(code)")
    return key
  }()

  /// The address of the former actions, by the signal's number.
  private static let formerActions: UInt = {
    let actions = UnsafeMutablePointer<sigaction>.allocate(capacity: 65)
    actions.initialize(repeating: sigaction(), count: 65)
    for signal in signals {
      var action = sigaction()
      action.__sigaction_handler.sa_handler = { TrapReport.tell($0) }
      action.sa_flags = SA_ONSTACK
      sigaction(signal, &action, actions + Int(signal))
    }
    return UInt(bitPattern: actions)
  }()

  /// Lets traps be reported from now on.
  static func install() {
    _ = key
    _ = formerActions
  }

  /// Makes `line` what is written if the calling thread traps; nil for nothing.
  static func prepare(_ line: String?) {
    pthread_getspecific(key)?.deallocate()
    guard let line else {
      pthread_setspecific(key, nil)
      return
    }
    let bytes = Array(line.utf8)
    let header = MemoryLayout<Int>.size
    let size = header + bytes.count
    let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: header)
    memory.storeBytes(of: bytes.count, as: Int.self)
    (memory + header).copyMemory(from: bytes, byteCount: bytes.count)
    pthread_setspecific(key, memory)
  }

  /// The handler: it allocates nothing and takes no lock.
  private static func tell(_ signal: CInt) {
    if let memory = pthread_getspecific(key) {
      let count = memory.load(as: Int.self)
      _ = Glibc.write(STDERR_FILENO, memory + MemoryLayout<Int>.size, count)
    }
    guard let actions = UnsafeMutablePointer<sigaction>(bitPattern: formerActions) else { return }
    // What trapped traps again once this returns.
    sigaction(signal, actions + Int(signal), nil)
  }
}
