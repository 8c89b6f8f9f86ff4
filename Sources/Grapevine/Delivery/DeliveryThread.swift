import GrapevineTransport

/// The thread on which the watchers and log sinks of one loop are called, each in turn.
///
/// It starts with the first news and ends with its loop, having told what was still to be told.
final class DeliveryThread: Sendable {
  private struct State {
    var ready: [Delivery] = []
    var isRunning = false
    var isStopped = false
  }

  private let state = Locked(State())

  /// Gives `delivery` a turn; not to be called again for it before that turn was over.
  ///
  /// Returns false if the system has no thread to give: the delivery has to wait for another try.
  func schedule(_ delivery: Delivery) -> Bool {
    let mustStart = state.withLockNotifying { state in
      state.ready.append(delivery)
      defer { state.isRunning = true }
      return !state.isRunning
    }
    guard mustStart else { return true }
    do {
      try NativeThread.start(name: "grapevine-watch") { self.run() }
      return true
    } catch {
      state.withLock { state in
        state.ready.removeAll { $0 === delivery }
        state.isRunning = false
      }
      return false
    }
  }

  /// Ends the thread once nothing is left to tell.
  func stop() {
    state.withLockNotifying { $0.isStopped = true }
  }

  private func run() {
    while let batch = takeBatch() {
      let unfinished = batch.filter { $0.takeTurn() }
      state.withLock { $0.ready += unfinished }
    }
  }

  /// Waits for something to be ready; nil if the thread has to end.
  private func takeBatch() -> [Delivery]? {
    state.wait { (state) -> [Delivery]?? in
      if !state.ready.isEmpty {
        defer { state.ready = [] }
        return .some(state.ready)
      }
      guard state.isStopped else { return nil }
      state.isRunning = false
      return .some(nil)
    }
  }
}
