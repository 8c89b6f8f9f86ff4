import Testing

/// Lets one suite at a time run of those that measure time or flood the machine.
///
/// A node that is starved of its processor by a flood of another test is called down, as it should.
struct Alone: SuiteTrait, TestScoping {
  private static let gate = Turnstile()

  func provideScope(
    for test: Test,
    testCase: Test.Case?,
    performing body: @concurrent @Sendable () async throws -> Void
  ) async throws {
    await Self.gate.enter()
    do {
      try await body()
    } catch {
      await Self.gate.leave()
      throw error
    }
    await Self.gate.leave()
  }
}

extension Trait where Self == Alone {
  static var alone: Alone { Alone() }
}

/// Lets one in, and the others wait for their turn.
private actor Turnstile {
  private var isTaken = false
  private var waiting: [CheckedContinuation<Void, Never>] = []

  func enter() async {
    guard isTaken else {
      isTaken = true
      return
    }
    await withCheckedContinuation { waiting.append($0) }
  }

  func leave() {
    guard !waiting.isEmpty else {
      isTaken = false
      return
    }
    waiting.removeFirst().resume()
  }
}
