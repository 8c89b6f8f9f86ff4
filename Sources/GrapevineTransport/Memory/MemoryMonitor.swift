/// A value under a lock whose changes tasks can wait for.
package final class MemoryMonitor<Value>: Sendable {
  private let state: Locked<State>

  private struct State {
    var value: Value
    /// Counts the changes, and what else is a reason to ask again.
    var version: UInt64 = 0
    var waiting: [UInt64: CheckedContinuation<Void, Never>] = [:]
    var lastID: UInt64 = 0

    mutating func takeWaiting() -> [CheckedContinuation<Void, Never>] {
      version += 1
      let taken = Array(waiting.values)
      waiting = [:]
      return taken
    }
  }

  /// What came of an attempt.
  package enum Attempt<Result> {
    case done(Result)
    /// To be tried again after a change, or at that time.
    case wait(until: ContinuousClock.Instant?)
  }

  init(_ value: sending Value) {
    state = Locked(State(value: value))
  }
}

extension MemoryMonitor {
  /// Reads the value.
  package func read<Result>(_ body: (borrowing Value) -> Result) -> Result {
    state.withLock { body($0.value) }
  }

  /// The number of tasks that wait.
  package var waitingCount: Int { state.withLock { $0.waiting.count } }

  /// Changes the value and lets every task that waits try again.
  package func change<Result>(_ body: (inout Value) -> Result) -> Result {
    let (result, woken) = state.withLock { state in
      (body(&state.value), state.takeWaiting())
    }
    for continuation in woken { continuation.resume() }
    return result
  }

  /// Tries until it is done; `body` says as well whether it has changed the value.
  ///
  /// - Returns: nil if the task was cancelled; the last attempt was made after that.
  package func attempt<Result>(
    _ body: (inout Value) -> (Attempt<Result>, hasChanged: Bool)
  ) async -> Result? {
    let id = state.withLock { state in
      state.lastID += 1
      return state.lastID
    }
    while true {
      let isCancelled = Task.isCancelled
      let (attempt, version, woken) = state.withLock { state in
        let (attempt, hasChanged) = body(&state.value)
        let woken = hasChanged ? state.takeWaiting() : []
        return (attempt, state.version, woken)
      }
      for continuation in woken { continuation.resume() }
      switch attempt {
      case .done(let result): return result
      case .wait(let deadline):
        guard !isCancelled else { return nil }
        await sleep(id, since: version, until: deadline)
      }
    }
  }

  /// Waits for a version after `version`, a deadline, or the task's being cancelled.
  private func sleep(
    _ id: UInt64,
    since version: UInt64,
    until deadline: ContinuousClock.Instant?
  ) async {
    let timer = deadline.map { deadline in
      Task {
        try? await Task.sleep(until: deadline, clock: .continuous)
        self.wake(id)
      }
    }
    defer { timer?.cancel() }
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let isLate = state.withLock { state in
          guard state.version == version else { return true }
          state.waiting[id] = continuation
          return false
        }
        if isLate { continuation.resume() }
      }
    } onCancel: {
      wake(id)
    }
  }

  /// Lets one task try again, also if it is only about to wait.
  private func wake(_ id: UInt64) {
    let continuation = state.withLock { state in
      state.version += 1
      return state.waiting.removeValue(forKey: id)
    }
    continuation?.resume()
  }
}
