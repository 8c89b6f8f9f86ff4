/// A metric, as Prometheus and others understand it: a name, and a sample for each set of labels.
public struct MetricFamily: Sendable, Hashable, Codable {
  /// The name, such as `grapevine_packets_total`; that of a counter ends in `_total`.
  public let name: String
  /// What it is, a sentence.
  public let help: String
  /// How its values develop.
  public let kind: Kind
  /// The samples, at least one, each with labels of its own.
  public let samples: [Sample]

  /// How the values of a metric develop.
  public enum Kind: String, Sendable, Hashable, Codable {
    /// They begin at zero when the node starts, and never fall.
    case counter
    /// They rise and fall.
    case gauge
  }

  /// A value of a metric.
  public struct Sample: Sendable, Hashable, Codable {
    /// What tells the sample from others of the metric; none if it is the only one.
    public let labels: [Label]
    /// The value; of a counter it is a whole number.
    public let value: Double

    package init(labels: [Label], value: Double) {
      self.labels = labels
      self.value = value
    }
  }

  /// A named property of a sample, such as the `direction` `in`.
  public struct Label: Sendable, Hashable, Codable {
    /// The name: letters, digits and underscores.
    public let name: String
    /// The value, which can be any text.
    public let value: String

    package init(_ name: String, _ value: String) {
      self.name = name
      self.value = value
    }
  }

  package init(name: String, help: String, kind: Kind, samples: [Sample]) {
    self.name = name
    self.help = help
    self.kind = kind
    self.samples = samples
  }
}

/// Metrics as they are listed one after the other.
struct FamilyList {
  private(set) var families: [MetricFamily] = []

  mutating func counter(_ name: String, _ help: String, _ value: Int) {
    family(name, .counter, help) { $0.add(value) }
  }

  mutating func gauge(_ name: String, _ help: String, _ value: Int) {
    family(name, .gauge, help) { $0.add(value) }
  }

  /// A metric with the samples that `body` adds; none, and there is no such metric.
  mutating func family(
    _ name: String,
    _ kind: MetricFamily.Kind,
    _ help: String,
    _ body: (inout Samples) -> Void
  ) {
    var samples = Samples()
    body(&samples)
    guard !samples.list.isEmpty else { return }
    families.append(MetricFamily(name: name, help: help, kind: kind, samples: samples.list))
  }

  struct Samples {
    fileprivate var list: [MetricFamily.Sample] = []

    mutating func add(_ value: some BinaryInteger, _ labels: (LabelName, String)...) {
      append(Double(value), labels)
    }

    mutating func add(_ value: Double, _ labels: (LabelName, String)...) {
      append(value, labels)
    }

    private mutating func append(_ value: Double, _ labels: [(LabelName, String)]) {
      let labels = labels.map { MetricFamily.Label($0.rawValue, $1) }
      list.append(MetricFamily.Sample(labels: labels, value: value))
    }
  }
}
