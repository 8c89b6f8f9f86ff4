internal import GrapevineCore

/// One thing that a node of one's own has to say, for people or for programs.
struct SessionLine: Sendable {
  /// What happened, in one word; the same in both languages.
  let verb: String
  /// To whom, and how.
  let text: String
  /// Lines that belong below it.
  var more: [String] = []
  /// The same for programs.
  let fields: [(name: String, value: JSON)]
  /// Says whether people should not overlook it.
  var isLoud = false
}

extension SessionLine {
  /// The line as it is printed, so many seconds after the start.
  func rendered(after time: Duration, isJSON: Bool) -> String {
    let milliseconds = Swift.max(0, time.nanoseconds / 1_000_000)
    let seconds = NumberText.fixed(Double(milliseconds) / 1e3, 3)
    guard !isJSON else {
      let head: [(name: String, value: JSON)] = [
        ("time", .number(Double(milliseconds) / 1e3)), ("event", .string(verb)),
      ]
      return JSON.object(head + fields).line + "\n"
    }
    let blank = String(repeating: " ", count: Swift.max(0, 9 - seconds.count))
    let word = TextLayout.padded(isLoud ? verb.uppercased() : verb, to: 9)
    let first = "\(blank)\(seconds)  \(word)  \(text)"
    let below = more.map { String(repeating: " ", count: 22) + $0 }
    return ([first] + below).map { $0 + "\n" }.joined()
  }
}

// What happens to other members.
extension SessionLine {
  /// What a watcher was told; `silence` is for how long a member was not heard, `address` where it
  /// is.
  init(_ event: Event, silence: Duration?, address: Endpoint?) {
    let id = event.member
    let name = ByteText.word(id.name)
    var fields = Self.fields(of: id)
    let place = address.map { " at \($0)" } ?? ""
    if let address { fields.append(("address", .string("\(address)"))) }
    switch event {
    case .joined: self.init(verb: "joined", text: name + place, fields: fields)
    case .leaving:
      self.init(verb: "leaving", text: "\(name) hands over and is about to leave", fields: fields)
    case .left: self.init(verb: "left", text: "\(name) of its own will", fields: fields)
    case .down:
      let seconds = silence.map { NumberText.fixed($0.seconds, 1) }
      let after = seconds.map { ", \($0) s after it was last heard of" } ?? ""
      fields.append(("silence", .number(orNull: silence.map(Self.rounded))))
      self.init(verb: "down", text: "\(name) (crashed\(after))", fields: fields, isLoud: true)
    case .up: self.init(verb: "up", text: "\(name) lives after all", fields: fields)
    case .expired: self.init(verb: "expired", text: "\(name) is forgotten", fields: fields)
    case .replaced(let old, by: _):
      fields.append(("former_generation", .unsigned(old.generation)))
      self.init(verb: "restarted", text: "\(name)\(place), a new life of that name", fields: fields)
    case .keySet(_, let entry): self.init(set: entry, of: id)
    case .keyDeleted(_, let key, let version): self.init(deleted: key, version: version, of: id)
    case .nameConflict(_, let rival, let address):
      self.init(
        verb: "conflict",
        text: "another live process, at \(address), goes by the name \(name)",
        fields: Self.fields(of: rival) + [("address", .string("\(address)"))],
        isLoud: true
      )
    }
  }

  init(set entry: Entry, of id: MemberID) {
    let value = ByteText.shown(entry.value, limit: 100)
    self.init(
      verb: "set",
      text: "\(ByteText.word(id.name))  \(ByteText.word(entry.key)) = \(value)",
      fields: Self.fields(of: id) + Self.fields(of: entry)
    )
  }

  init(deleted key: String, version: Version, of id: MemberID) {
    self.init(
      verb: "deleted",
      text: "\(ByteText.word(id.name))  \(ByteText.word(key))",
      fields: Self.fields(of: id) + [("key", .string(key)), ("version", .unsigned(version))]
    )
  }

  init(error: String) {
    self.init(verb: "error", text: error, fields: [("error", .string(error))])
  }

  static func fields(of id: MemberID) -> [(name: String, value: JSON)] {
    [("name", .string(id.name)), ("generation", .unsigned(id.generation))]
  }

  /// A value that is UTF-8 as text, any other in base 64.
  static func fields(of entry: Entry) -> [(name: String, value: JSON)] {
    let value: (name: String, value: JSON) =
      if let text = String(validating: entry.value, as: UTF8.self) {
        ("value", .string(text))
      } else {
        ("base64", .string(Base64.text(of: entry.value)))
      }
    return [("key", .string(entry.key)), value, ("version", .unsigned(entry.version))]
  }

  /// Seconds with three digits.
  static func rounded(_ duration: Duration) -> Double {
    Double(duration.nanoseconds / 1_000_000) / 1e3
  }
}
