namespace NvsHost;

/// <summary>What is known of a write request.</summary>
public enum WriteOutcome
{
    /// <summary>All of it is stored.</summary>
    Committed,

    /// <summary>It is certain that nothing of it is stored, and nothing will be.</summary>
    NotCommitted,

    /// <summary>All of it is stored, or nothing; nobody can tell which now. <see cref="NvsClient.OutcomeAsync"/> may tell later.</summary>
    Unknown,
}

/// <summary>A write request as one can ask for it later, also from another process: its fields are worth keeping.</summary>
/// <param name="Client">The id of the client that asked.</param>
/// <param name="Number">The request's number.</param>
/// <param name="Fingerprint">The CRC-32 over all that was asked.</param>
/// <param name="KnownVersion">A version that the client knew before it asked.</param>
/// <param name="IsPassing">True if the client said that it only passes by.</param>
public sealed record WriteId(uint Client, uint Number, uint Fingerprint, uint KnownVersion, bool IsPassing)
{
    /// <summary>As a person reads it.</summary>
    public override string ToString() => $"write request {Number} of client {Client:x8} (fingerprint {Fingerprint:x8})";
}
