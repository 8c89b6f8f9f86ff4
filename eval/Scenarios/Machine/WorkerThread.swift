internal import Glibc

/// A thread of the system for work that computes.
struct WorkerThread: ~Copyable {
  private let thread: pthread_t

  /// Starts a thread that runs `body`.
  ///
  /// - Throws: ``EvaluationError`` if the system has none to give.
  init(_ body: @escaping @Sendable () -> Void) throws(EvaluationError) {
    let job = Unmanaged.passRetained(Job(body))
    var thread = pthread_t()
    let code = pthread_create(
      &thread,
      nil,
      { argument in
        guard let argument else { return nil }
        Unmanaged<Job>.fromOpaque(argument).takeRetainedValue().run()
        return nil
      },
      job.toOpaque()
    )
    guard code == 0 else {
      job.release()
      throw EvaluationError("no thread can be started: \(String(cString: strerror(code)))")
    }
    self.thread = thread
  }

  /// Waits until the body has come to its end.
  consuming func join() {
    pthread_join(thread, nil)
  }

  /// The processors that the system lets this process use.
  static var processorCount: Int { max(1, Int(sysconf(CInt(_SC_NPROCESSORS_ONLN)))) }

  private final class Job {
    private let body: @Sendable () -> Void

    init(_ body: @escaping @Sendable () -> Void) {
      self.body = body
    }

    func run() {
      // A stack for handlers of signals, as the thread's own may be what has run out.
      let size = 65_536
      let memory = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
      var stack = stack_t(ss_sp: memory, ss_flags: 0, ss_size: size)
      sigaltstack(&stack, nil)
      body()
      stack.ss_flags = CInt(SS_DISABLE)
      sigaltstack(&stack, nil)
      memory.deallocate()
    }
  }
}
