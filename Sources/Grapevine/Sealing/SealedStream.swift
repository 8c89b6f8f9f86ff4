package import GrapevineCore
import GrapevineTransport

/// How one stream is sealed, or that it is not.
///
/// Who opens a stream says by its first byte which it is, and is answered in kind. Each direction
/// has keys of its own, made from chance of both sides but for the first record of the opener's,
/// which comes before the other side has said anything: so nothing of a stream but its greeting can
/// be brought again, and that once at most where it came before.
package struct SealedStream {
  let isOpener: Bool
  private(set) var state: State
  /// The beginning of a head or a record whose end has not come.
  private var incoming: [UInt8] = []
  /// What is to be sent once it is known how.
  private var held: [[UInt8]] = []
  private var ledger = WriteLedger()

  enum State {
    /// Accepted, and no byte has come.
    case undecided
    case plain
    /// Opened, and nothing has been said.
    case unopened
    /// Opened and greeted: the answer is awaited.
    case greeted(SealHead)
    /// A head has come: the first record is to show that its sender has the key.
    case headed(StreamKeys, SealHead)
    case sealed(StreamKeys)
  }

  package init(isOpener: Bool) {
    self.isOpener = isOpener
    state = isOpener ? .unopened : .undecided
  }

  /// Says whether something waits that can't be sent yet.
  package var isHolding: Bool { !held.isEmpty }

  /// How many bytes of what the engine sent are in `count` bytes more that the socket took.
  package mutating func noteWritten(_ count: Int) -> Int { ledger.noteWritten(count) }
}

// Sending.
extension SealedStream {
  /// Returns what goes to the socket for a frame of the engine's, which may be nothing for now.
  package mutating func send(
    _ frame: [UInt8],
    as sender: MemberKey,
    _ sealing: NodeSealing
  ) throws(SealFault) -> [[UInt8]] {
    switch state {
    case .undecided, .greeted, .headed:
      held.append(frame)
      return []
    case .plain:
      guard sealing.mode != .require else { throw .plain }
      return [frame]
    case .unopened:
      guard sealing.mode != .accept else {
        state = .plain
        return [frame]
      }
      return try greet(frame, as: sender, sealing)
    case .sealed(var keys):
      defer { state = .sealed(keys) }
      guard sealing.sealer.keys.all.contains(keys.key) else { throw .unknownKey }
      return try seal(frame, &keys, sealing)
    }
  }

  /// Seals the greeting, the one thing that an opener says before it has heard anything.
  private mutating func greet(
    _ frame: [UInt8],
    as sender: MemberKey,
    _ sealing: NodeSealing
  ) throws(SealFault) -> [[UInt8]] {
    guard frame.count <= Seal.firstRecordLimit else { throw .malformed }
    // The greeting says who greets, as of when it was made.
    let sender = Self.greeter(frame.span) ?? sender
    let head = sealing.nextStreamHead(.opening, sealing.sealer.keys.primary, sender)
    var direction = try StreamKeys.Direction(.opening, head, [head], sealing)
    var bytes: [UInt8] = []
    head.write(to: &bytes)
    try direction.seal(frame.span, into: &bytes)
    ledger.append(before: bytes.count - frame.count - Seal.tagSize, frame.count)
    sealing.metrics.withLock { $0.recordsSealed += 1 }
    state = .greeted(head)
    return [bytes]
  }

  private mutating func seal(
    _ frame: [UInt8],
    _ keys: inout StreamKeys,
    _ sealing: NodeSealing
  ) throws(SealFault) -> [[UInt8]] {
    var pieces: [[UInt8]] = []
    var start = 0
    while start < frame.count {
      let limit = keys.outgoing.nextLimit
      let end = min(frame.count, start + limit)
      var bytes: [UInt8] = []
      bytes.reserveCapacity(SealHead.size + Seal.recordHeadSize + end - start + Seal.tagSize)
      if let head = keys.unsentHead.take() { head.write(to: &bytes) }
      try keys.outgoing.seal(frame.span.extracting(start..<end), into: &bytes)
      ledger.append(before: bytes.count - (end - start) - Seal.tagSize, end - start)
      pieces.append(bytes)
      start = end
    }
    sealing.metrics.withLock { $0.recordsSealed += pieces.count }
    return pieces
  }

  /// The member that a greeting is from.
  private static func greeter(_ frame: Span<UInt8>) -> MemberKey? {
    // The frame's head, and of the greeting the magic, versions, purpose, label and instance.
    let offset = FrameKind.headerSize + 16
    guard frame.count >= offset + 8, frame[0] == FrameKind.hello.rawValue else { return nil }
    return MemberKey(rawValue: SealHead.number(frame, at: offset, size: 8))
  }
}

// Receiving.
extension SealedStream {
  /// Takes what came: appends to `plain` what it says, and to `answers` what can be sent now.
  package mutating func receive(
    _ bytes: Span<UInt8>,
    as own: MemberKey,
    _ opener: inout PacketOpener,
    _ sealing: NodeSealing,
    into plain: inout [UInt8],
    answers: inout [[UInt8]]
  ) throws(SealFault) {
    var offset = 0
    while offset < bytes.count {
      switch state {
      case .undecided where incoming.isEmpty && bytes[offset] != SealHead.magic:
        guard sealing.mode != .require else { throw .plain }
        state = .plain
        answers += held
        held = []
      case .plain:
        guard sealing.mode != .require else { throw .plain }
        append(bytes.extracting(offset...), to: &plain)
        return
      case .unopened: throw .malformed
      case .undecided:
        guard fill(to: SealHead.size, bytes, &offset) else { return }
        try takeOpening(as: own, opener: &opener, sealing)
      case .greeted(let opening):
        guard fill(to: SealHead.size, bytes, &offset) else { return }
        try takeAnswer(to: opening, sealing)
      case .headed(var keys, let head):
        guard try fillRecord(keys.incoming.nextLimit, bytes, &offset) else { return }
        let start = plain.count
        try open(&keys, sealing, into: &plain)
        try confirm(&keys, head, plain.span.extracting(start...), &opener, sealing)
        state = .sealed(keys)
        for frame in held { answers += try send(frame, as: own, sealing) }
        held = []
      case .sealed(var keys):
        guard sealing.sealer.keys.all.contains(keys.key) else { throw .unknownKey }
        guard try fillRecord(keys.incoming.nextLimit, bytes, &offset) else { return }
        defer { state = .sealed(keys) }
        try open(&keys, sealing, into: &plain)
      }
    }
  }

  /// Makes the keys of a stream that somebody opened; the first record shows what they are worth.
  private mutating func takeOpening(
    as own: MemberKey,
    opener: inout PacketOpener,
    _ sealing: NodeSealing
  ) throws(SealFault) {
    let opening = try SealHead.read(incoming.span, .opening)
    guard sealing.sealer.keys.all.contains(opening.key) else { throw .unknownKey }
    guard opener.isFresh(stream: opening) else { throw .replayed }
    incoming.removeAll(keepingCapacity: true)
    let answer = sealing.nextStreamHead(.answer, opening.key, own)
    let keys = StreamKeys(
      key: opening.key,
      outgoing: try .init(.answerer, answer, [opening, answer], sealing),
      incoming: try .init(.opening, opening, [opening], sealing),
      unsentHead: answer
    )
    state = .headed(keys, opening)
  }

  private mutating func takeAnswer(
    to opening: SealHead,
    _ sealing: NodeSealing
  ) throws(SealFault) {
    let answer = try SealHead.read(incoming.span, .answer)
    guard answer.key == opening.key else { throw .malformed }
    incoming.removeAll(keepingCapacity: true)
    let keys = StreamKeys(
      key: opening.key,
      outgoing: try .init(.opener, opening, [opening, answer], sealing),
      incoming: try .init(.answerer, answer, [opening, answer], sealing),
      unsentHead: nil
    )
    state = .headed(keys, answer)
  }

  /// Goes on after the first record of the other side was opened.
  private mutating func confirm(
    _ keys: inout StreamKeys,
    _ head: SealHead,
    _ greeting: Span<UInt8>,
    _ opener: inout PacketOpener,
    _ sealing: NodeSealing
  ) throws(SealFault) {
    guard !isOpener else { return }
    try opener.noteStream(head)
    guard Self.greeter(greeting) == head.sender, let answer = keys.unsentHead else {
      throw .senderMismatch
    }
    keys.incoming = try .init(.opener, head, [head, answer], sealing)
  }

  private mutating func open(
    _ keys: inout StreamKeys,
    _ sealing: NodeSealing,
    into plain: inout [UInt8]
  ) throws(SealFault) {
    var record: [UInt8] = []
    swap(&record, &incoming)
    try keys.incoming.open(record.span.extracting(Seal.recordHeadSize...), into: &plain)
    record.removeAll(keepingCapacity: true)
    swap(&record, &incoming)
    sealing.metrics.withLock { $0.recordsOpened += 1 }
  }

  /// Fills up to a whole record; its length is checked before room is made for it.
  private mutating func fillRecord(
    _ limit: Int,
    _ bytes: Span<UInt8>,
    _ offset: inout Int
  ) throws(SealFault) -> Bool {
    guard fill(to: Seal.recordHeadSize, bytes, &offset) else { return false }
    let size = Int(incoming[0]) | Int(incoming[1]) << 8
    guard size > Seal.tagSize, size <= limit + Seal.tagSize else { throw .malformed }
    return fill(to: Seal.recordHeadSize + size, bytes, &offset)
  }

  private mutating func fill(to size: Int, _ bytes: Span<UInt8>, _ offset: inout Int) -> Bool {
    let count = min(size - incoming.count, bytes.count - offset)
    if count > 0 {
      append(bytes.extracting(offset..<(offset + count)), to: &incoming)
      offset += count
    }
    return incoming.count >= size
  }

  private func append(_ bytes: Span<UInt8>, to array: inout [UInt8]) {
    bytes.withUnsafeBufferPointer { array.append(contentsOf: $0) }
  }
}

/// The keys of a sealed stream and how far each direction has come.
struct StreamKeys {
  let key: SealingKeyID
  var outgoing: Direction
  var incoming: Direction
  /// What goes before the first record.
  var unsentHead: SealHead?

  /// One direction: its records count from zero.
  struct Direction {
    private let cipher: any PacketCipher
    /// The head of the direction and the label.
    private let associated: [UInt8]
    private var number: UInt64 = 0
    private let isOpeners: Bool

    init(
      _ use: Seal.Use,
      _ head: SealHead,
      _ heads: [SealHead],
      _ sealing: NodeSealing
    ) throws(SealFault) {
      let context = Seal.context(use, label: sealing.label, heads)
      guard let cipher = sealing.sealer.makeCipher(for: head.key, context: context) else {
        throw .unknownKey
      }
      self.cipher = cipher
      isOpeners = use == .opener
      var associated: [UInt8] = []
      head.write(to: &associated)
      self.associated = associated + sealing.label
    }

    /// The largest content of the next record; who has said nothing is not known to have a key.
    var nextLimit: Int {
      number == 0 && !isOpeners ? Seal.firstRecordLimit : Seal.recordLimit
    }

    mutating func seal(_ plain: Span<UInt8>, into bytes: inout [UInt8]) throws(SealFault) {
      guard number < Seal.sessionLimit else { throw .malformed }
      let size = UInt64(plain.count + Seal.tagSize)
      bytes.appendFixed(size, size: Seal.recordHeadSize)
      let isSealed = cipher.seal(
        plain,
        number: number,
        authenticating: associated.span,
        into: &bytes
      )
      guard isSealed else { throw .unknownKey }
      number += 1
    }

    mutating func open(_ record: Span<UInt8>, into plain: inout [UInt8]) throws(SealFault) {
      let isOpened = cipher.open(
        record,
        number: number,
        authenticating: associated.span,
        into: &plain
      )
      guard isOpened else { throw .badTag }
      number += 1
    }
  }
}

/// Which of the bytes that go to a socket are the engine's.
struct WriteLedger {
  private var records: [(before: Int, plain: Int)] = []
  private var firstIndex = 0
  /// What has been written of the first record.
  private var written = 0

  /// Notes that a record is queued: bytes of its own, the engine's, and the tag.
  mutating func append(before: Int, _ plain: Int) {
    records.append((before, plain))
  }

  /// Returns how many of the next `count` bytes are the engine's: all where no record is queued.
  mutating func noteWritten(_ count: Int) -> Int {
    var rest = count
    var plain = 0
    while rest > 0, firstIndex < records.count {
      let record = records[firstIndex]
      let size = record.before + record.plain + Seal.tagSize
      let step = min(rest, size - written)
      let done = min(max(written - record.before, 0), record.plain)
      plain += min(max(written + step - record.before, 0), record.plain) - done
      rest -= step
      written += step
      guard written == size else { break }
      written = 0
      firstIndex += 1
    }
    if firstIndex == records.count || firstIndex >= 64 {
      records.removeFirst(firstIndex)
      firstIndex = 0
    }
    return plain + rest
  }
}
