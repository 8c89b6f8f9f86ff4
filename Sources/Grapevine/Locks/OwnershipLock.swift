import GrapevineTransport

/// A key that this node holds, until it is unlocked or another node comes to own it.
///
/// ```swift
/// let lock = try await ring.lock("shard-7")
/// try await lock.perform {
///   try await serve("shard-7", fencing: lock.epoch)
/// }
/// ```
public final class OwnershipLock: Sendable {
  /// The key.
  public let key: String
  /// The fencing number of this holding: each later one of the key, by whomever, has a higher one.
  ///
  /// What the lock guards should refuse those who come with a lower number than the highest that it
  /// has seen: a node that was stopped may go on for a moment after it has lost the lock.
  public let epoch: UInt64
  /// Tells it apart from earlier and later holdings of the ring.
  let number: Int

  private struct State {
    var isHeld = true
    var nextNumber = 0
    /// What is to be cancelled, and who waits for it.
    var tasks: [Int: @Sendable () -> Void] = [:]
  }

  private let state = Locked(State())

  init(key: String, epoch: UInt64, number: Int) {
    self.number = number
    self.key = key
    self.epoch = epoch
  }

  /// Says whether the node still holds the key.
  public var isHeld: Bool { state.withLock { $0.isHeld } }

  /// Runs `body` as a task that is cancelled the moment the node holds the key no more.
  ///
  /// It is not begun if that has happened already.
  ///
  /// - Throws: What `body` throws, or `CancellationError` if it was not begun.
  public func perform<Result: Sendable>(
    _ body: @escaping @Sendable () async throws -> Result
  ) async throws -> Result {
    let task = Task { try await body() }
    guard let number = register({ task.cancel() }) else {
      task.cancel()
      throw CancellationError()
    }
    defer { forget(number) }
    return try await withTaskCancellationHandler {
      try await task.value
    } onCancel: {
      task.cancel()
    }
  }

  /// Waits until the node holds the key no more, or the task is cancelled.
  public func waitUntilLost() async {
    let promise = Promise<Void>()
    guard let number = register({ promise.fulfil(()) }) else { return }
    await promise.value { promise.fulfil(()) }
    forget(number)
  }

  /// Ends the holding, for whatever reason; twice is harmless.
  func end() {
    // Their order does not matter: each hears that it is over.
    for cancel in takeTasks() { cancel() }
  }

  /// Ends the holding on a thread that must not be held up: what hears of a cancellation is the
  /// user's, and may block.
  func endWithoutWaiting() {
    for cancel in takeTasks() { Task.detached(priority: .high) { cancel() } }
  }

  private func takeTasks() -> [@Sendable () -> Void] {
    state.withLock { state in
      state.isHeld = false
      defer { state.tasks = [:] }
      return Array(state.tasks.values)
    }
  }

  private func register(_ cancel: @escaping @Sendable () -> Void) -> Int? {
    state.withLock { state in
      guard state.isHeld else { return nil }
      state.nextNumber += 1
      state.tasks[state.nextNumber] = cancel
      return state.nextNumber
    }
  }

  private func forget(_ number: Int) {
    state.withLock { $0.tasks[number] = nil }
  }
}
