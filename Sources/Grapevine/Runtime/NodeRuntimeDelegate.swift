package import GrapevineCore

/// Who is told what an engine reports.
package protocol NodeRuntimeDelegate: AnyObject, Sendable {
  /// Takes one event, in order, under the engine's lock: it may only put the event in a queue.
  func collect(_ event: EngineEvent, now: Instant)
  /// Follows one or more `collect`, outside the lock; it must not take long, and may call the
  /// runtime.
  func deliver()
}
