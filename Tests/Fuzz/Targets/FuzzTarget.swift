import GrapevineCore

/// What a fuzzer can be set upon: each takes bytes, and ends the process where something is wrong.
package enum FuzzTarget: String, CaseIterable, Sendable {
  /// Datagrams of several senders to one engine, and the readers of each.
  case datagrams
  /// Streams to and from one engine, whatever is said on them and in whatever pieces.
  case frames
  /// Two to four engines, a network between them, and now and then a liar.
  case engine

  /// Plays an input; the first byte says where it begins.
  package func run(_ bytes: [UInt8]) {
    var forger = Forger(choices: Choices(bytes))
    let start = Int(forger.choices.byte())
    let scene = Scene.clusters[start % Scene.clusters.count]
    switch self {
    case .datagrams:
      var solo = Solo(scene, start / Scene.clusters.count % scene.subjects.count)
      solo.play(&forger, .datagrams)
    case .frames:
      var solo = Solo(scene, start / Scene.clusters.count % scene.subjects.count)
      solo.play(&forger, .frames)
    case .engine:
      var cluster = scene
      cluster.play(&forger)
    }
  }
}
