public import Testing

/// Lets few suites run at a time of those that wait for sockets and times.
///
/// A node that is starved of its processor is called down, as it should, and who waits for it
/// gives up. Waiting for one's turn does not count towards a test's time limit.
public struct Turn: SuiteTrait, TestScoping {
  private static let gate = Turnstile()

  /// Says whether none of those others may run at the same time.
  fileprivate let isAlone: Bool

  /// Runs a suite when it is its turn.
  public func provideScope(
    for test: Test,
    testCase: Test.Case?,
    performing body: @concurrent @Sendable () async throws -> Void
  ) async throws {
    await Self.gate.enter(alone: isAlone)
    do {
      try await body()
    } catch {
      await Self.gate.leave()
      throw error
    }
    await Self.gate.leave()
  }
}

extension Trait where Self == Turn {
  /// Together with few others.
  public static var inTurn: Turn { Turn(isAlone: false) }

  /// For those that measure time or flood the machine.
  public static var alone: Turn { Turn(isAlone: true) }
}

/// Lets a few in, and then each of those that want to be alone.
private actor Turnstile {
  private static let width = 6

  private var inside = 0
  private var isClosed = false
  private var waiting: [CheckedContinuation<Void, Never>] = []
  private var waitingAlone: [CheckedContinuation<Void, Never>] = []

  func enter(alone: Bool) async {
    await withCheckedContinuation { continuation in
      if alone { waitingAlone.append(continuation) } else { waiting.append(continuation) }
      admit()
    }
  }

  func leave() {
    inside -= 1
    isClosed = false
    admit()
  }

  private func admit() {
    while !isClosed, inside < Self.width, !waiting.isEmpty {
      inside += 1
      waiting.removeFirst().resume()
    }
    guard inside == 0, !waitingAlone.isEmpty else { return }
    inside = 1
    isClosed = true
    waitingAlone.removeFirst().resume()
  }
}
