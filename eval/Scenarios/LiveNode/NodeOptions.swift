package import Grapevine
internal import GrapevineCore

/// What a person asked of a node of their own, with the default of everything that was not said.
package struct NodeOptions: Sendable, Equatable {
  package var bind = ":7000"
  package var joins: [String] = []
  package var joinTimeout: Duration = .seconds(10)
  package var advertise: String?
  package var givenName: String?
  package var label: String?
  package var interval: Duration = .milliseconds(500)
  package var settings: [Setting] = []
  package var state = PeerState.viewer
  package var isJSON = false
  package var hasStreamsOnly = false

  /// A key that the node says of itself from the start.
  package struct Setting: Sendable, Equatable {
    package let key: String
    package let value: [UInt8]
  }

  package init() {}
}

extension NodeOptions {
  /// What the node is started with.
  var configuration: Node.Configuration {
    var configuration = Node.Configuration()
    configuration.bind = bind
    configuration.advertise = advertise
    configuration.transport = hasStreamsOnly ? .streams : .datagramsAndStreams
    configuration.name = name
    configuration.gossip.label = label
    configuration.gossip.interval = interval
    return configuration
  }

  /// The given name, or one that the same command gives the next life, too: host and port.
  ///
  /// A port that is drawn says nothing of a life, so the process's number takes its place.
  package var name: String {
    if let givenName { return givenName }
    let port = bind.split(separator: ":").last.map(String.init) ?? "0"
    return "\(ProcessIdentity.hostName)-\(port == "0" ? "\(ProcessIdentity.number)" : port)"
  }

  /// Checks what one option alone can't know, by the rules of the library.
  ///
  /// - Throws: ``UsageError``, which names the option.
  func check() throws(UsageError) {
    do {
      try configuration.validate()
    } catch {
      let option = Self.optionNames[error.name] ?? error.name
      // Some values stand between quotes already.
      let value = error.value.hasPrefix("“") ? error.value : "“\(error.value)”"
      throw UsageError("\(option) is \(value): it must be \(error.rule)")
    }
  }

  /// The options behind the properties that a configuration complains of.
  private static let optionNames = [
    "bind": "--bind", "advertise": "--advertise", "name": "--name", "gossip.label": "--label",
    "gossip.interval": "--interval",
  ]
}
