import GrapevineCore

extension Node {
  /// Tells the cluster that this node is about to leave: others see
  /// ``/GrapevineCore/Member/isLeaving``.
  ///
  /// Nothing else changes. The node goes on as before, writes included, so that it can hand over
  /// its work; it can't be taken back. Twice is harmless.
  ///
  /// - Throws: ``NodeError`` with the code `left`, `nameTaken` or `closed`.
  public func announceLeaving() throws(NodeError) {
    guard !hub.isClosed else { throw .closed(name) }
    do {
      try runtime.withEngine { (engine, now) throws(StateError) in
        try engine.beginLeaving(now: now)
        board.noteChange()
      }
    } catch {
      throw NodeError(error, name: name)
    }
    board.wake()
    log.write(.info, "about to leave", [:])
  }

  /// Leaves the cluster: says so to up to three live members and waits until they have taken note.
  ///
  /// With a `handOver` it first does what ``announceLeaving()`` does and waits for that time, in
  /// which the node's state can still change. Then, or at once if no other member is live, it
  /// leaves: from there on the state can't change any more, and the node goes on to pass on what it
  /// knows until it is closed. A further call waits for the same outcome; one without a `handOver`
  /// ends that of others.
  ///
  /// - Parameter handOver: How long others know that the node will leave before it does.
  /// - Returns: Who was told and who acknowledged it.
  /// - Throws: ``NodeError`` with the code `leaveFailed` if live members were told and none
  ///   acknowledged it, `closed`, or `cancelled`; the node has left all the same. Cancelled during
  ///   the `handOver` it has not: it is a member as before, which is about to leave. Where another
  ///   process goes on under the node's name there is no hand-over, and the code is `nameTaken`.
  @discardableResult
  public func leave(handOver: Duration = .zero) async throws(NodeError) -> LeaveReport {
    guard !hub.isClosed else { throw .closed(name) }
    if handOver > .zero, !hub.isLeaving { try await waitForHandOver(handOver) }
    let promise = Promise<LeaveReport?>()
    runtime.withEngine { engine, now in
      if hub.expectLeaveReport(promise) { engine.leave(now: now) }
    }
    hub.deliver()
    let report = await promise.value { promise.fulfil(nil) }
    guard let report else { throw Task.isCancelled ? .cancelled(name) : .closed(name) }
    guard !report.asked.isEmpty, report.acknowledged.isEmpty else { return report }
    throw NodeError(
      .leaveFailed,
      value: report.asked.map(\.description).joined(separator: ", "),
      reason: "none of these live members acknowledged that “\(name)” leaves",
      members: report.asked
    )
  }

  /// Announces it and waits until the time is over or another call leaves.
  private func waitForHandOver(_ time: Duration) async throws(NodeError) {
    try announceLeaving()
    guard runtime.inspectEngine({ engine, _ in engine.livePeerCount > 0 }) else { return }
    let promise = Promise<Void>()
    guard hub.expectEndOfHandOver(promise) else { return }
    let timer = Task {
      try? await Task.sleep(for: time.sleepable)
      promise.fulfil(())
    }
    await promise.value { promise.fulfil(()) }
    timer.cancel()
    hub.forgetHandOver(promise)
    guard !Task.isCancelled else { throw .cancelled(name) }
    guard !hub.isClosed else { throw .closed(name) }
  }

  /// Stops the node at once; twice is harmless.
  ///
  /// Others are not told: after ``leave(handOver:)`` they know, without it they find out that the
  /// node is down. What watchers and event streams have not been told yet they still are; then
  /// streams end. Who observes peers is told no more when it returns: it waits for an observer that
  /// is being told, so hold no lock that one takes. The end of a node that is let go of does not.
  public func close() {
    guard stop() else { return }
    board.waitForObservers()
  }

  /// Stops the node without waiting for anybody; false if that was done before.
  @discardableResult
  func stop() -> Bool {
    guard hub.beginClosing() else { return false }
    seedKeeper.stop()
    runtime.close()
    board.end()
    hub.finishClosing()
    log.write(.info, "closed", [:])
    return true
  }
}
