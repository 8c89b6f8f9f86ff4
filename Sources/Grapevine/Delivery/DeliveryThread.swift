package import GrapevineTransport

/// The thread on which the watchers and log sinks of one loop are called, each in turn.
///
/// It starts with the first news and ends with its loop, having told what was still to be told.
package final class DeliveryThread: Sendable {
  /// Starts a thread that runs the closure.
  package typealias Starter = @Sendable (@escaping @Sendable () -> Void) throws(SystemError) -> Void

  private struct State {
    var ready: [Delivery] = []
    var isRunning = false
    var isStopped = false
  }

  private let start: Starter
  private let state = Locked(State())

  /// Creates what needs no thread yet; the system gives it unless `start` takes its place.
  package init(start: @escaping Starter = startNative) {
    self.start = start
  }

  /// Has the system start a thread.
  @Sendable
  package static func startNative(
    _ body: @escaping @Sendable () -> Void
  ) throws(SystemError) {
    try NativeThread.start(name: "grapevine-watch", body)
  }
}

extension DeliveryThread {
  /// Gives `delivery` a turn; not to be called again for it before that turn was over.
  ///
  /// If the system has no thread to give, its turn is over, as is that of all who asked meanwhile:
  /// they have to wait for another try.
  func schedule(_ delivery: Delivery) {
    let mustStart = state.withLockNotifying { state in
      state.ready.append(delivery)
      defer { state.isRunning = true }
      return !state.isRunning
    }
    guard mustStart else { return }
    do {
      try start { self.run() }
    } catch {
      state.withLock { state in
        for delivery in state.ready { delivery.giveUpTurn() }
        state.ready = []
        state.isRunning = false
      }
    }
  }

  /// Ends the thread once nothing is left to tell.
  package func stop() {
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
