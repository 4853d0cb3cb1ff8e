using System;
using System.Collections.Generic;
using System.Linq;
using NvsFirmware.Tests.Rig;
using NvsFirmware.Wire;
using NvsSim;

namespace NvsFirmware.Tests.World;

/// <summary>What would be found if power went at this moment: by the document's rules, and by the firmware.</summary>
public sealed class WorldAudit(SeededRandom random, StoreModel model, BoardSettings settings, FramModel chip)
{
    /// <summary>Looks.</summary>
    /// <param name="nowUs">When.</param>
    /// <exception cref="WorldException">It is not what the model says.</exception>
    public void Check(long nowUs)
    {
        StoreState right = model.Now;
        Medium medium = Medium.Read(chip.Memory);
        World.Check(medium.State == MediumState.Store && medium.Damages.Count == 0 && !medium.IsRecordLost,
            $"the medium is {medium.State}, {string.Join("; ", medium.Damages)}");
        World.Check(right.IsStoreVersion(medium.Version), $"the medium has commit {medium.Version}; the last one is {right.Version}");
        CheckTracks("the medium", medium.Tracks.Select(pair => (pair.Key, pair.Value.Version, pair.Value.Data)));
        World.Check(
            medium.FreeSegments == model.Layout!.Segments - right.OwnedSegments, $"the medium has {medium.FreeSegments} free segments");

        BoardSettings own = new() { LargestPieceBytes = settings.LargestPieceBytes, ReceiveWindowBytes = settings.ReceiveWindowBytes };
        TestBoard board = new(new FramModel(chip.Part, chip.Storage.ToArray()), own);
        board.Boot();
        if (random.OneIn(4))
            board.Boot(); // recovered twice is recovered once
        World.Check(board.State == Status.Ok, $"recovery finds a store that is {board.State}");
        List<(uint, uint, byte[]?)> found = [];
        foreach ((uint track, uint version, int length, Damage damage) in board.List())
        {
            (Status status, uint readVersion, byte[]? data) = board.Read(track);
            World.Check(damage == Damage.None && status == Status.Ok && version == readVersion && length == data!.Length,
                $"recovery finds track {track:x}: {damage}, {status}, version {version} and {readVersion}");
            found.Add((track, version, data));
        }
        CheckTracks("recovery", found);
        List<(uint Track, uint Version, int Entry, Damage Damage)> damages = board.Verify();
        World.Check(damages.Count == 0, $"recovery leaves damage: {string.Join(", ", damages)}");
        Answer info = board.Info();
        World.Check(info.U16(Payload.InfoAnswer.FreeSegments) == model.Layout.Segments - right.OwnedSegments,
            $"recovery finds {info.U16(Payload.InfoAnswer.FreeSegments)} free segments");
        World.Check(info.Payload[Payload.InfoAnswer.Flag] == right.Flag, $"recovery finds flag {info.Payload[Payload.InfoAnswer.Flag]}");
        foreach (ModelCommit last in right.Clients.Values.OrderByDescending(client => client.Index).Take(3))
        {
            Answer told = board.Last(last.Client);
            right.MostLeftOut += 2;
            model.LastTold(last.Client, told, nowUs);
            right.MostLeftOut -= 2;
        }
    }

    private void CheckTracks(string who, IEnumerable<(uint Track, uint Version, byte[]? Data)> found)
    {
        int count = 0;
        foreach ((uint track, uint version, byte[]? data) in found)
        {
            World.Check(model.Now.Tracks.TryGetValue(track, out ModelTrack? right) && right.Version == version && data != null
                && right.Data.AsSpan().SequenceEqual(data),
                $"{who} has track {track:x}, version {version}, {data?.Length} bytes; "
                    + $"right is version {right?.Version}, {right?.Data.Length} bytes");
            count++;
        }
        World.Check(count == model.Now.Tracks.Count, $"{who} has {count} tracks of {model.Now.Tracks.Count}");
    }
}
