using System.Collections.Generic;
using NvsFirmware.Wire;

namespace NvsHost;

/// <summary>A track as read.</summary>
/// <param name="Track">Its number.</param>
/// <param name="Version">Its version: the number of the commit that wrote it.</param>
/// <param name="Data">Its data.</param>
public sealed record NvsTrack(uint Track, uint Version, byte[] Data);

/// <summary>A track as listed.</summary>
/// <param name="Track">Its number.</param>
/// <param name="Version">Its version.</param>
/// <param name="Length">Its length in bytes; null when that is not known, because of the damage.</param>
/// <param name="Damage">What is known to be damaged of it.</param>
public sealed record TrackEntry(uint Track, uint Version, int? Length, Damage Damage);

/// <summary>A damage that VERIFY found.</summary>
/// <param name="Track">The track it hits; 0 when it belongs to no known track.</param>
/// <param name="Version">The track's version.</param>
/// <param name="Entry">The number of the entry or copy that is hit.</param>
/// <param name="Damage">What is damaged.</param>
public sealed record DamageEntry(uint Track, uint Version, int Entry, Damage Damage);

/// <summary>What VERIFY found.</summary>
/// <param name="TracksChecked">How many tracks were checked.</param>
/// <param name="Damages">The damages; empty when all is intact.</param>
public sealed record VerifyResult(int TracksChecked, IReadOnlyList<DamageEntry> Damages);
