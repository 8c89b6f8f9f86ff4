import GrapevineCore

extension RoundTrip {
  static func checkSections(
    _ bytes: Span<UInt8>,
    _ reader: inout WireReader
  ) throws(MalformedDatagram) {
    while !reader.isAtEnd { check(try Section.read(bytes, &reader), bytes) }
  }

  /// Fields come in any order, and unknown ones are passed over: so not the bytes, but what they
  /// say must be the same when it is written and read again.
  static func check(_ section: Section, _ bytes: Span<UInt8>) {
    let written = write(section, bytes)
    do throws(MalformedDatagram) {
      var reader = WireReader(0..<written.count)
      let again = try Section.read(written.span, &reader)
      demand(reader.isAtEnd, "a section is longer than it was written")
      demand(again.key == section.key, "a section of another member")
      demand(again.standing == section.standing, "another standing")
      demand(again.identity?.generation == section.identity?.generation, "another generation")
      demand(write(again, written.span) == written, "a section is written in another way again")
    } catch {
      demand(false, "what was written can't be read: \(error)")
    }
  }

  private static func write(_ section: Section, _ bytes: Span<UInt8>) -> [UInt8] {
    var output: [UInt8] = []
    let head = Section.begin(section.key, in: &output)
    if let identity = section.identity {
      let field = Section.begin(tag: Section.Tag.identity, in: &output)
      output.append(UInt8(identity.name.count))
      output += copy(bytes, identity.name)
      output.appendVarint(identity.generation)
      Section.end(field, in: &output)
    }
    if let claim = section.standing { Section.write(claim, to: &output) }
    if let retained = section.retained {
      let field = Section.begin(tag: Section.Tag.retained, in: &output)
      output += copy(bytes, retained)
      Section.end(field, in: &output)
    }
    if let state = section.state { write(state, bytes, to: &output) }
    Section.end(head, in: &output)
    return output
  }

  private static func write(
    _ state: Section.State,
    _ bytes: Span<UInt8>,
    to output: inout [UInt8]
  ) {
    let field = Section.beginState(
      isSnapshot: state.isSnapshot,
      isContinued: state.isContinued,
      compacted: state.compacted,
      base: state.base,
      end: state.end,
      horizon: state.horizon,
      in: &output
    )
    if state.isComplete { Section.markComplete(field, in: &output) }
    var reader = WireReader(state.entries)
    var last = state.base
    while !reader.isAtEnd {
      guard let entry = try? EntryHeader.read(bytes, &reader, after: last) else {
        return demand(false, "an entry of a section that was checked can't be read")
      }
      output.appendVarint(entry.version - last)
      output.append(entry.isDeleted ? EntryHeader.deletedFlag : 0)
      output.appendVarint(UInt64(entry.key.count))
      output += copy(bytes, entry.key)
      output.appendVarint(UInt64(entry.value.count))
      output += copy(bytes, entry.value)
      last = entry.version
    }
    Section.end(field, in: &output)
  }
}
