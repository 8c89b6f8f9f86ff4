public import GrapevineCore
import GrapevineTransport

extension Node {
  /// What the node seals and takes; nil if it has no ``Configuration/sealer``.
  public var sealingMode: SealingMode? { sealing?.mode }

  /// What was sealed, opened and refused since the node started; nil if it has no
  /// ``Configuration/sealer``.
  public var sealingMetrics: SealingMetrics? { sealing?.metrics.withLock { $0 } }

  /// Changes what the node seals and takes, from the next packet on, and tells the others.
  ///
  /// Each step goes round the whole cluster before the next: ``/GrapevineCore/SealingMode/accept``
  /// at all nodes, then ``/GrapevineCore/SealingMode/seal`` at all, then
  /// ``/GrapevineCore/SealingMode/require``. How far a member is says
  /// ``/GrapevineCore/Member/sealing``. Streams that are plain end with the last step and are
  /// opened anew.
  ///
  /// - Throws: ``NodeError`` with the code `invalidConfiguration` if the node has no
  ///   ``Configuration/sealer``, or `closed`; then nothing has changed.
  public func setSealingMode(_ mode: SealingMode) throws(NodeError) {
    guard let sealing else {
      throw NodeError(
        .invalidConfiguration,
        value: mode.rawValue,
        reason: "the node has no sealer: its configuration must name one when it starts"
      )
    }
    guard !hub.isClosed else { throw .closed(name) }
    sealing.mode = mode
    Self.publish(sealing, runtime)
    log.write(.info, "changed sealing", ["to": mode.rawValue])
  }

  /// Follows the keys as they change, for as long as the node lives.
  func followKeys() {
    guard let sealing else { return }
    // The keys may outlive the node, and must not keep it.
    sealing.sealer.observeKeys { [weak runtime, weak hub, weak sealing] in
      guard let runtime, let hub, let sealing, !hub.isClosed else { return false }
      Self.publish(sealing, runtime)
      return true
    }
    // They may have changed since the engine was made.
    Self.publish(sealing, runtime)
  }

  /// Tells the others; what is told is read where only one thread at a time can be, so that the
  /// latest is told last.
  private static func publish(_ sealing: NodeSealing, _ runtime: NodeRuntime) {
    runtime.withEngine { engine, now in
      // A node that has left or lost its name has nothing to tell any more.
      _ = try? engine.publish(sealing.published, now: now)
    }
  }
}
