extension Node {
  /// Leaves the cluster: says so to up to three live members and waits until they have taken note.
  ///
  /// It returns at once if there is none. From its beginning on the node's state can't change any
  /// more; the node goes on to pass on what it knows until it is closed. A further call waits for
  /// the same outcome.
  ///
  /// - Returns: Who was told and who acknowledged it.
  /// - Throws: ``NodeError`` with the code `leaveFailed` if live members were told and none
  ///   acknowledged it, `closed`, or `cancelled`; the node has left all the same.
  @discardableResult
  public func leave() async throws(NodeError) -> LeaveReport {
    guard !hub.isClosed else { throw .closed(name) }
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
      reason: "none of these live members acknowledged that “\(name)” leaves"
    )
  }

  /// Stops the node at once; twice is harmless.
  ///
  /// Others are not told: after ``leave()`` they know, without it they find out that the node is
  /// down. What watchers and event streams have not been told yet they still are; then streams end.
  public func close() {
    guard hub.beginClosing() else { return }
    seedKeeper.stop()
    runtime.close()
    hub.finishClosing()
    log.write(.info, "closed", [:])
  }
}
