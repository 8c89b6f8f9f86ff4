import Glibc

/// A thread of its own for what blocks, since the tasks' threads are few and others need them.
enum BlockingThread {
  static func run<Result: Sendable>(
    _ body: @escaping @Sendable () throws -> Result
  ) async throws -> Result {
    try await withCheckedThrowingContinuation { continuation in
      let job = Unmanaged.passRetained(
        Job { continuation.resume(with: Swift.Result { try body() }) }
      )
      var thread = pthread_t()
      let code = pthread_create(
        &thread,
        nil,
        { argument in
          guard let argument else { return nil }
          Unmanaged<Job>.fromOpaque(argument).takeRetainedValue().body()
          return nil
        },
        job.toOpaque()
      )
      precondition(code == 0, "no thread can be started: \(code)")
      pthread_detach(thread)
    }
  }

  private final class Job {
    let body: () -> Void

    init(_ body: @escaping () -> Void) {
      self.body = body
    }
  }
}
