package import GrapevineTransport

extension Node {
  /// An event loop that several nodes of a process may share.
  ///
  /// It is one thread for the sockets and the protocol of all its nodes, and, once there is a
  /// watcher or a log sink, one more that calls these. It ends when neither a node nor its owner
  /// holds it.
  public final class Loop: Sendable {
    package let eventLoop: EventLoop
    let delivery = DeliveryThread()
    let resolver: Resolver

    /// Starts a loop.
    ///
    /// - Throws: ``NodeError`` with the code `systemFailure` if the system has no thread or
    ///   descriptor to give.
    public convenience init() throws(NodeError) {
      try self.init(resolver: Resolver())
    }

    package init(resolver: Resolver) throws(NodeError) {
      self.resolver = resolver
      do {
        eventLoop = try EventLoop()
      } catch {
        throw NodeError(error, value: "event loop")
      }
    }

    deinit {
      delivery.stop()
    }
  }
}
