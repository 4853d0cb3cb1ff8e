using System.Collections.Generic;
using System.Collections.Immutable;
using System.Linq;

namespace NvsFirmware.Tests.World;

/// <summary>A block of a track, as the answer to READ must tell it.</summary>
public readonly record struct ModelPiece(int Count, uint Fingerprint);

/// <summary>A track as it must read.</summary>
/// <param name="Segments">How many segments it has.</param>
public sealed record ModelTrack(uint Version, byte[] Data, uint Client, IReadOnlyList<ModelPiece> Pieces, int Segments);

/// <summary>A client's last commit.</summary>
/// <param name="Index">The how many-th commit of all, with those that a jump of the version stands for.</param>
public sealed record ModelCommit(uint Client, uint Number, uint Fingerprint, uint Version, bool IsPassing, long Index);

/// <summary>What a store holds between two commits.</summary>
public sealed record StoreState(
    long SinceUs,
    ImmutableSortedDictionary<uint, ModelTrack> Tracks,
    ImmutableDictionary<uint, ModelCommit> Clients,
    ModelCommit? Last,
    uint Version,
    int Lap,
    int Flag,
    long Index,
    int OwnedSegments,
    int NominalSegments)
{
    /// <summary>Numbers that may have been left out since: one for each mount.</summary>
    public int MostLeftOut { get; set; }

    /// <summary>Commits, tracks written and released, bytes written since the board started.</summary>
    public (long Commits, long Written, long Released, long Bytes) Counts { get; init; }

    /// <summary>How many clients of the same kind have committed since this one did.</summary>
    public int RankOf(ModelCommit commit) =>
        Clients.Values.Count(other => other.IsPassing == commit.IsPassing && other.Index > commit.Index);

    /// <summary>An empty store.</summary>
    public static StoreState Empty(long sinceUs) => new(
        sinceUs, ImmutableSortedDictionary<uint, ModelTrack>.Empty, ImmutableDictionary<uint, ModelCommit>.Empty, null, 0, 0, 0, 0, 0, 0);

    /// <summary>True when the version may be what the store says is its last commit's number.</summary>
    public bool IsStoreVersion(uint told) => Distance(Version, told) <= (uint)MostLeftOut;

    /// <summary>How many numbers a version lies behind another one; 0 is none.</summary>
    public static uint Distance(uint from, uint to) => to >= from ? to - from : unchecked(to - from - 1);
}
