import GrapevineTransport

/// A value that comes once, from any thread, and the task that waits for it.
final class Promise<Value: Sendable>: Sendable {
  private enum State {
    case empty
    case awaited(CheckedContinuation<Value, Never>)
    case fulfilled(Value)
  }

  private let state = Locked(State.empty)

  /// Hands over the value; any but the first is ignored.
  func fulfil(_ value: Value) {
    let waiting: CheckedContinuation<Value, Never>? = state.withLock { state in
      switch state {
      case .fulfilled: return nil
      case .empty:
        state = .fulfilled(value)
        return nil
      case .awaited(let continuation):
        state = .fulfilled(value)
        return continuation
      }
    }
    waiting?.resume(returning: value)
  }

  /// Waits for the value, which only one task may.
  ///
  /// Once the task is cancelled `cancel` is called, which has to see to it that a value comes.
  func value(onCancel cancel: @Sendable () -> Void) async -> Value {
    await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        let value: Value? = state.withLock { state in
          switch state {
          case .fulfilled(let value): return value
          case .awaited: preconditionFailure("two tasks wait for one promise")
          case .empty:
            state = .awaited(continuation)
            return nil
          }
        }
        if let value { continuation.resume(returning: value) }
      }
    } onCancel: {
      cancel()
    }
  }
}
