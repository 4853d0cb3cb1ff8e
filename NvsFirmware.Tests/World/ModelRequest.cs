using System.Collections.Generic;
using NvsFirmware.Tests.Rig;

namespace NvsFirmware.Tests.World;

/// <summary>A write request, as its host put it together, and what became of it.</summary>
public sealed class ModelRequest(uint client, uint number, IReadOnlyList<TrackItem> items, bool isPassing, uint fingerprint)
{
    public uint Client => client;

    public uint Number => number;

    public IReadOnlyList<TrackItem> Items => items;

    public bool IsPassing => isPassing;

    public uint Fingerprint => fingerprint;

    /// <summary>It was sent without the flag behind, once at least: then it may follow anything.</summary>
    public bool WasSentAlone { get; set; }

    /// <summary>The version that it was committed as; null while it is not.</summary>
    public uint? CommittedAs { get; set; }

    /// <summary>The board's session at the commit.</summary>
    public uint CommittedInSession { get; set; }

    /// <summary>Its host was told for certain that it is not committed, or refused, and has ended with it: it may never be
    /// committed.</summary>
    public bool IsOver { get; set; }

    public override string ToString() => $"request {number} of client {client:x}";
}
