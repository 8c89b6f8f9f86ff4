/// What stands for one client of one event loop; never used twice.
package struct ClientID: Hashable, Sendable {
  package let rawValue: UInt64

  package init(rawValue: UInt64) {
    self.rawValue = rawValue
  }
}

/// Something that lives on an event loop: it owns descriptors, and a deadline.
///
/// The loop calls it on its own thread, one call at a time, and keeps it until it is removed. A
/// call must not block, and must do a bounded piece of work: what is left over is asked for again
/// in the next turn.
package protocol EventLoopClient: AnyObject, Sendable {
  /// The client is on the loop and registers its descriptors; if it throws, it is not added.
  func attach(to context: EventLoop.Context, as id: ClientID) throws(SystemError)
  /// The descriptor that was registered as `source` is ready.
  func ready(_ source: UInt64, _ readiness: Readiness, in context: EventLoop.Context)
  /// The deadline that was set has passed, and is set no more.
  func deadlineReached(in context: EventLoop.Context)
  /// Someone called `poke`.
  func poked(in context: EventLoop.Context)
  /// The client is removed: it ends its registrations. This is the last call.
  func detach(from context: EventLoop.Context)
}
