using System.Collections.Generic;
using NvsFirmware;
using NvsFirmware.Wire;

namespace NvsHost;

/// <summary>The store in detail, as INFO tells it.</summary>
public sealed record StoreInfo
{
    private static readonly (int Bit, string Word)[] findingWords =
    [
        (RecoveryFindings.RolledForward, "rolled the last commit forward"),
        (RecoveryFindings.Discarded, "discarded an interrupted request"),
        (RecoveryFindings.SuperblockCopy, "restored a copy of the superblock"),
        (RecoveryFindings.RecordLost, "lost a record, so who asked last is unknown"),
        (RecoveryFindings.TracksDamaged, "found damaged tracks"),
        (RecoveryFindings.Formatted, "formatted a blank chip"),
    ];

    internal StoreInfo(byte[] p)
    {
        SegmentBytes = Buffers.GetUInt16(p, Payload.InfoAnswer.SegmentBytes);
        SetSegments = Buffers.GetUInt16(p, Payload.InfoAnswer.SetSegments);
        Segments = Buffers.GetUInt16(p, Payload.InfoAnswer.Segments);
        FreeSegments = Buffers.GetUInt16(p, Payload.InfoAnswer.FreeSegments);
        Tracks = Buffers.GetUInt16(p, Payload.InfoAnswer.Tracks);
        Damaged = Buffers.GetUInt16(p, Payload.InfoAnswer.Damaged);
        Flag = p[Payload.InfoAnswer.Flag];
        Findings = p[Payload.InfoAnswer.Findings];
        SinceRecord = Buffers.GetUInt16(p, Payload.InfoAnswer.SinceRecord);
        Version = (uint)Buffers.GetInt32(p, Payload.InfoAnswer.Version);
        Client = (uint)Buffers.GetInt32(p, Payload.InfoAnswer.Client);
        Number = (uint)Buffers.GetInt32(p, Payload.InfoAnswer.Number);
        CommittedFirst = Buffers.GetUInt16(p, Payload.InfoAnswer.CommittedFirst);
        CommittedCount = Buffers.GetUInt16(p, Payload.InfoAnswer.CommittedCount);
        PreparedFirst = Buffers.GetUInt16(p, Payload.InfoAnswer.PreparedFirst);
        PreparedLast = Buffers.GetUInt16(p, Payload.InfoAnswer.PreparedLast);
        Horizon = (uint)Buffers.GetInt32(p, Payload.InfoAnswer.Horizon);
        Clients = Buffers.GetUInt16(p, Payload.InfoAnswer.Clients);
    }

    /// <summary>Bytes in a segment.</summary>
    public int SegmentBytes { get; }

    /// <summary>Segments in a set.</summary>
    public int SetSegments { get; }

    /// <summary>Segments in the store.</summary>
    public int Segments { get; }

    /// <summary>Segments that belong to no track, those of the prepared set included.</summary>
    public int FreeSegments { get; }

    /// <summary>Tracks in the store.</summary>
    public int Tracks { get; }

    /// <summary>Track entries known to be damaged.</summary>
    public int Damaged { get; }

    /// <summary>The active-set flag: the set that the next write request uses, 0 for A and 1 for B.</summary>
    public int Flag { get; }

    /// <summary>What the last recovery found, bits of <see cref="RecoveryFindings"/>.</summary>
    public int Findings { get; }

    /// <summary>Commits since the current record.</summary>
    public int SinceRecord { get; }

    /// <summary>Number of the last commit: the version of the tracks it wrote.</summary>
    public uint Version { get; }

    /// <summary>Client id of the last commit; 0: nobody's.</summary>
    public uint Client { get; }

    /// <summary>Request number of the last commit.</summary>
    public uint Number { get; }

    /// <summary>First segment of the set that the last commit used.</summary>
    public int CommittedFirst { get; }

    /// <summary>How many segments the last commit used.</summary>
    public int CommittedCount { get; }

    /// <summary>First segment of the set prepared for the next write request.</summary>
    public int PreparedFirst { get; }

    /// <summary>Last segment of the set prepared for the next write request.</summary>
    public int PreparedLast { get; }

    /// <summary>No client that the store may have forgotten committed later than this version; 0: none was forgotten.</summary>
    public uint Horizon { get; }

    /// <summary>Clients that the store knows.</summary>
    public int Clients { get; }

    /// <summary>What a recovery found, in words.</summary>
    public static string Describe(int findings)
    {
        if (findings == RecoveryFindings.Clean)
            return "clean";
        List<string> words = [];
        foreach ((int bit, string word) in findingWords)
            if ((findings & bit) != 0)
                words.Add(word);
        return string.Join(", ", words);
    }
}
