/// A plot of the page: what it shows, and by which command that is printed.
struct Plot: Sendable {
  /// What links and the texts for readers of screens call it.
  let name: String
  let title: String
  /// What is seen, in a sentence or two.
  let note: String
  let x: Axis
  let y: Axis
  var series: [Series]
  /// The arguments of each command that prints the figures.
  let commands: [[String]]
  /// Figures of real sockets and processes, which differ from run to run.
  var isReal = false

  /// A direction of the plot.
  struct Axis: Sendable {
    /// With its unit.
    let title: String
    let scale: Scale
    let ticks: [Tick]

    init(_ title: String, _ scale: Scale, ticks: [Tick]? = nil) {
      self.title = title
      self.scale = scale
      self.ticks = ticks ?? scale.ticks.map { Tick(value: $0, text: PageText.number($0)) }
    }
  }

  struct Tick: Sendable, Equatable {
    let value: Double
    let text: String
  }

  struct Point: Sendable, Equatable {
    let x: Double
    let y: Double
    /// What stands beside the point.
    var label: String?
    /// The values between which the runs lay, where one value does not tell.
    var range: ClosedRange<Double>?

    init(_ x: Double, _ y: Double, label: String? = nil, range: ClosedRange<Double>? = nil) {
      self.x = x
      self.y = y
      self.label = label
      self.range = range
    }
  }

  /// What is drawn in one style.
  struct Series: Sendable {
    let name: String
    let style: Style
    let shape: Shape
    let points: [Point]
    /// How many pixels beside their place marks are drawn, where they would hide each other.
    var nudge = 0
  }

  enum Shape: Sendable {
    /// Points with lines between them.
    case line
    /// A line that climbs at each point, without marks.
    case steps
    /// Points alone.
    case marks
  }

  /// A colour, a dash and a mark, each of which tells a series from the others.
  struct Style: Sendable, Equatable {
    /// The number of the colour in the style sheet.
    let colour: Int
    let dash: String
    let mark: Mark
    /// Ours are drawn heavier, with filled marks.
    let isOurs: Bool
  }

  enum Mark: String, Sendable, CaseIterable {
    case circle
    case square
    case triangle
    case diamond
    case cross
    case plus
    case wedge
  }
}

extension Plot.Style {
  private static let dashes = ["", "7 3", "2 3", "9 3 2 3", "4 2"]

  /// The style of one of several series of our own.
  static func ours(_ index: Int = 0) -> Plot.Style {
    let marks = Plot.Mark.allCases
    return Plot.Style(
      colour: index % 5,
      dash: dashes[index % dashes.count],
      mark: marks[index % marks.count],
      isOurs: true
    )
  }

  /// The style of another system, the same in every plot.
  static func of(_ system: System) -> Plot.Style {
    let (colour, mark): (Int, Plot.Mark) =
      switch system {
      case .kite: (1, .square)
      case .memberlist: (2, .triangle)
      case .scuttlebutt: (3, .wedge)
      case .chitchat: (4, .diamond)
      case .ckit: (5, .cross)
      case .swimSwift: (6, .plus)
      }
    return Plot.Style(colour: colour, dash: "6 4", mark: mark, isOurs: false)
  }
}
