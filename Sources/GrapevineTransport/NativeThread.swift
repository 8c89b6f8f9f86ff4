internal import CGrapevineLinux
internal import Glibc

/// Threads of the system, for work that may block.
package enum NativeThread {
  /// Starts a detached thread that runs `body` and ends.
  ///
  /// It takes no signals but those of its own faults and a profiler's: a program's other handlers
  /// run on the threads that the program made.
  ///
  /// - Parameters:
  ///   - name: what debuggers show, cut after 15 bytes.
  ///   - body: what the thread does.
  /// - Throws: the system's error if it has no thread to give.
  package static func start(
    name: String,
    _ body: @escaping @Sendable () -> Void
  ) throws(SystemError) {
    let start = Unmanaged.passRetained(ThreadStart(name: name, body: body))
    do {
      try create(start.toOpaque())
    } catch {
      start.release()
      throw error
    }
  }

  private static func create(_ argument: UnsafeMutableRawPointer) throws(SystemError) {
    var all = sigset_t()
    var before = sigset_t()
    sigfillset(&all)
    for fault in [SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS, SIGPROF] {
      sigdelset(&all, fault)
    }
    // A new thread inherits the mask.
    pthread_sigmask(SIG_SETMASK, &all, &before)
    defer { pthread_sigmask(SIG_SETMASK, &before, nil) }
    var thread = pthread_t()
    try System.callReturningError("pthread_create") {
      pthread_create(&thread, nil, runThread, argument)
    }
    pthread_detach(thread)
  }

  /// A number that the calling thread alone has while it runs.
  package static var currentID: UInt { UInt(pthread_self()) }
}

private final class ThreadStart {
  let name: String
  let body: @Sendable () -> Void

  init(name: String, body: @escaping @Sendable () -> Void) {
    self.name = name
    self.body = body
  }
}

private func runThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
  guard let argument else { return nil }
  let start = Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue()
  var name = Array(start.name.utf8.prefix(15)).map { CChar(bitPattern: $0) }
  name.append(0)
  // A name is a courtesy: nothing depends on it.
  _ = grapevine_set_thread_name(&name)
  start.body()
  return nil
}
