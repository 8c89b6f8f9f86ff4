internal import GrapevineCore
internal import GrapevineTransport

// Between the engine and the sockets of a node that has keys.
extension EngineDriver {
  /// Opens what the inbox holds, and then feeds the engine what may be taken.
  func feedOpened(
    _ inbox: DatagramInbox,
    _ sealing: NodeSealing,
    _ table: inout StreamTable,
    _ context: EventLoop.Context
  ) {
    table.opener.open(inbox, sealing)
    let opener = table.opener
    guard !opener.packets.isEmpty else { return }
    feed(&table, context) { engine, now in
      for packet in opener.packets {
        guard let source = inbox.source(at: packet.index) else { continue }
        if let range = packet.opened {
          engine.receive(opener.plain.span.extracting(range), from: source, now: now)
        } else {
          inbox.withDatagram(at: packet.index) { engine.receive($0, from: source, now: now) }
        }
      }
    }
  }

  /// Queues what the engine says on a stream.
  func queue(
    _ bytes: [UInt8],
    on stream: OpenStream,
    _ table: inout StreamTable,
    _ context: EventLoop.Context
  ) {
    guard let sealing else {
      enqueue([bytes], on: stream, &table)
      return
    }
    do throws(SealFault) {
      enqueue(try stream.seal.send(bytes, as: localKey, sealing), on: stream, &table)
    } catch {
      refuse(stream, error, sealing, &table, context)
    }
  }

  /// Opens what came on a stream, and then feeds the engine what it says.
  func feedOpened(
    _ bytes: Span<UInt8>,
    on stream: OpenStream,
    _ sealing: NodeSealing,
    _ table: inout StreamTable,
    _ context: EventLoop.Context
  ) {
    var plain: [UInt8] = []
    var answers: [[UInt8]] = []
    do throws(SealFault) {
      try stream.seal.receive(
        bytes,
        as: localKey,
        &table.opener,
        sealing,
        into: &plain,
        answers: &answers
      )
    } catch {
      refuse(stream, error, sealing, &table, context)
      return
    }
    enqueue(answers, on: stream, &table)
    guard stream.end == .none, !plain.isEmpty else { return }
    feed(&table, context) { engine, now in
      engine.streamReceived(stream.id, plain.span, now: now)
    }
  }

  private func enqueue(
    _ pieces: [[UInt8]],
    on stream: OpenStream,
    _ table: inout StreamTable
  ) {
    guard !pieces.isEmpty else { return }
    for piece in pieces { stream.connection.enqueue(piece) }
    table.noteUnflushed(stream)
  }

  /// Breaks a stream off; the peer is told nothing that it could learn from.
  private func refuse(
    _ stream: OpenStream,
    _ fault: SealFault,
    _ sealing: NodeSealing,
    _ table: inout StreamTable,
    _ context: EventLoop.Context
  ) {
    sealing.noteRefused(.stream, fault)
    stream.connection.resetOnClose()
    close(stream, .reset, &table, context)
  }

  private var localKey: MemberKey {
    state.withLock { MemberKey($0.engine.localID) }
  }
}
