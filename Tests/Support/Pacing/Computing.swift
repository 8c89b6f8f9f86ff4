import Glibc
import GrapevineTransport
public import Testing

/// Lets tests that compute for long do so on threads of their own, at a low priority.
///
/// The threads on which all tests run are as few as processors: those that wait for sockets and
/// times would wait for these.
public struct Computing: SuiteTrait, TestTrait, TestScoping {
  /// Tests of suites within are meant as well.
  public let isRecursive = true

  /// Runs a test's case on such a thread.
  public func provideScope(
    for test: Test,
    testCase: Test.Case?,
    performing body: @concurrent @Sendable () async throws -> Void
  ) async throws {
    guard testCase != nil else { return try await body() }
    try await withTaskExecutorPreference(PatientThreads.shared) { try await body() }
  }
}

extension Trait where Self == Computing {
  /// On threads of their own, at a low priority.
  public static var computing: Computing { Computing() }
}

/// Two threads that give way to all others.
private final class PatientThreads: TaskExecutor {
  static let shared = PatientThreads()

  private static let count = 2
  /// How nice they are, of 19.
  private static let niceness: CInt = 10

  private let jobs = Locked<[UnownedJob]>([])

  private init() {
    for _ in 0..<Self.count {
      do {
        try NativeThread.start(name: "computing") { PatientThreads.shared.run() }
      } catch {
        preconditionFailure("no thread can be started: \(error)")
      }
    }
  }

  func enqueue(_ job: consuming ExecutorJob) {
    let job = UnownedJob(job)
    jobs.withLockNotifying { $0.append(job) }
  }

  private func run() {
    // Here a process is the thread that calls.
    setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, Self.niceness)
    while true {
      let job = jobs.wait { $0.isEmpty ? nil : $0.removeFirst() }
      job.runSynchronously(on: asUnownedTaskExecutor())
    }
  }
}
