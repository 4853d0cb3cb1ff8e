# Completion of nvs for bash. Once: eval "$(nvs completion bash)". For good: put that line into ~/.bashrc.
_nvs() {
    local word=${COMP_WORDS[COMP_CWORD]} line=${COMP_LINE:0:COMP_POINT} found
    found=$("${COMP_WORDS[0]}" "[suggest:${#line}]" "$line" 2>/dev/null)
    # Options only where one has begun.
    [[ $word == -* ]] || found=$(grep -v '^-' <<<"$found")
    mapfile -t COMPREPLY < <(compgen -W "$found" -- "$word")
    # No word fits: it is a file's turn.
    [ ${#COMPREPLY[@]} -gt 0 ] || compopt -o default
}
complete -F _nvs nvs
