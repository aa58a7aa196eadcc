"""Which test proves what becomes of which attack: the list that acceptance asks for, by its words.

A test is named by its file under `tests/` and its function; test_attacks checks that each is there.
"""

from collections.abc import Mapping
from typing import Final

_HERE: Final = "acceptance/test_attacks_"

ATTACKS: Final[Mapping[str, tuple[str, ...]]] = {
    "algorithm confusion": (
        f"{_HERE}jwt.py::test_no_forged_token_lets_in",
        "services/test_tokens.py::test_the_algorithm_is_not_the_tokens_choice",
        "services/test_federation.py::test_a_public_key_is_no_shared_secret",
        "services/test_federation.py::test_another_algorithm_for_the_same_key",
    ),
    "none": (
        f"{_HERE}jwt.py::test_no_forged_token_lets_in",
        "services/test_federation.py::test_none_is_no_algorithm",
    ),
    "wrong audience": (
        f"{_HERE}jwt.py::test_no_forged_token_lets_in",
        "services/test_federation.py::test_claims_that_are_not_for_us",
        "services/test_tokens.py::test_wrong_claims_under_our_key_are_refused",
    ),
    "key id injection": (
        f"{_HERE}jwt.py::test_no_forged_token_lets_in",
        "services/test_tokens.py::test_strange_headers_are_refused_alike",
        "services/test_tokens.py::test_a_key_id_of_another_kind_is_refused",
        "services/test_federation.py::test_a_header_brings_no_key_along",
    ),
    "a token of one kind as another": (
        f"{_HERE}tokens.py::test_each_door_takes_its_own_kinds_alone",
        f"{_HERE}tokens.py::test_a_url_holds_no_credentials",
        f"{_HERE}tokens.py::test_another_scheme_is_none",
        f"{_HERE}tokens.py::test_one_who_shows_two_is_judged_by_the_header",
        f"{_HERE}tokens.py::test_the_first_message_of_a_socket_takes_no_other_kinds",
        f"{_HERE}jwt.py::test_keys_of_one_kind_sign_no_other",
        "graphql/test_embed_token.py::test_kinds_of_tokens_are_not_mixed_up",
    ),
    "replayed refresh token": (
        f"{_HERE}sessions.py::test_a_replayed_refresh_token_ends_its_family",
        "services/test_sessions.py::test_a_refresh_token_is_used_once",
        "services/test_sessions.py::test_of_twenty_at_once_one_wins",
    ),
    "session fixation": (
        f"{_HERE}sessions.py::test_a_planted_session_is_never_gone_on_with",
        f"{_HERE}sessions.py::test_cookies_of_a_sibling_are_none",
        "graphql/test_sessions.py::test_a_planted_cookie_is_replaced",
    ),
    "CSRF from a foreign origin with each content type": (
        f"{_HERE}sessions.py::test_no_rest_route_writes_from_a_foreign_page",
        f"{_HERE}sessions.py::test_no_mutation_writes_by_the_cookie_alone",
        f"{_HERE}sessions.py::test_reading_methods_change_nothing",
        f"{_HERE}sessions.py::test_the_same_requests_from_our_own_page_write",
        "http/test_origins.py::test_a_cookie_writes_from_our_pages_only",
        "acceptance/test_cross_site.py::test_posts_of_every_content_type",
    ),
    "login CSRF": (
        "http/test_origins.py::test_nobody_is_signed_in_from_a_foreign_page",
        f"{_HERE}sessions.py::test_no_rest_route_writes_from_a_foreign_page",
    ),
    "user enumeration by text, status and time class": (
        f"{_HERE}enumeration.py::test_sign_in_tells_nothing_of_accounts",
        f"{_HERE}enumeration.py::test_sign_in_by_rest_tells_nothing_either",
        f"{_HERE}enumeration.py::test_a_throttle_tells_nothing_of_accounts",
        f"{_HERE}enumeration.py::test_a_reset_tells_nothing_of_tokens_and_accounts",
        f"{_HERE}enumeration.py::test_an_invitation_tells_nothing_of_tokens",
        f"{_HERE}enumeration.py::test_inviting_tells_nothing_of_accounts",
        f"{_HERE}enumeration.py::test_refreshing_tells_nothing_of_tokens",
        f"{_HERE}enumeration.py::test_changing_a_password_costs_what_a_sign_in_does",
        "services/test_accounts.py::test_a_user_without_a_password_costs_a_sign_in",
    ),
    "forged cursors": (
        f"{_HERE}cursors.py::test_every_connection_has_a_row",
        f"{_HERE}cursors.py::test_no_list_takes_a_cursor_that_is_not_its_own",
        f"{_HERE}cursors.py::test_a_cursor_shows_nothing_of_its_row",
        f"{_HERE}cursors.py::test_the_place_of_somebody_else_shows_ones_own_rows",
        "graphql/test_configs.py::test_a_cursor_of_somebody_else_opens_nothing",
    ),
    "guessed file URLs": (
        f"{_HERE}links.py::test_no_bent_link_opens",
        f"{_HERE}links.py::test_names_of_files_are_part_of_their_links",
        f"{_HERE}links.py::test_ids_are_not_guessed",
        f"{_HERE}links.py::test_a_link_ends_with_what_it_names",
        f"{_HERE}links.py::test_links_of_one_kind_are_none_of_the_other",
        "http/test_files.py::test_bad_links_get_one_answer",
        "acceptance/test_isolation.py::test_links_to_files_cannot_be_bent",
    ),
    "IDOR over every id": (
        "acceptance/test_isolation.py::test_every_slot_has_a_row",
        "acceptance/test_isolation.py::test_what_is_not_ones_own_does_not_exist",
        "acceptance/test_isolation.py::test_lists_and_counts_hold_what_is_ones_own",
        "graphql/test_workspaces.py::test_members_of_other_workspaces_are_not_found",
    ),
    "mass assignment": (
        f"{_HERE}assignment.py::test_every_input_type_is_tried",
        f"{_HERE}assignment.py::test_no_input_takes_a_member_that_it_does_not_name",
        f"{_HERE}assignment.py::test_the_same_inputs_without_it_are_understood",
        f"{_HERE}assignment.py::test_literals_are_checked_as_variables_are",
        f"{_HERE}assignment.py::test_rest_bodies_and_queries_take_no_more",
    ),
    "header and host injection": (
        f"{_HERE}headers.py::test_other_hosts_get_nothing",
        f"{_HERE}headers.py::test_nothing_is_built_from_the_host",
        f"{_HERE}headers.py::test_addresses_that_a_client_claims_do_not_count",
        f"{_HERE}headers.py::test_names_of_files_stay_in_their_header",
        f"{_HERE}headers.py::test_names_of_parts_stay_in_their_header",
        f"{_HERE}headers.py::test_headers_of_requests_bring_none_along",
        f"{_HERE}headers.py::test_texts_in_links_stay_there",
        f"{_HERE}headers.py::test_nobody_is_sent_elsewhere",
        f"{_HERE}headers.py::test_graphql_takes_no_url_of_its_own",
        "http/test_origins.py::test_other_hosts_are_not_served",
        "http/test_origins.py::test_what_decides_is_given_once",
    ),
    "open redirect in OAuth": (
        f"{_HERE}oauth.py::test_nobody_is_redirected_elsewhere",
        f"{_HERE}oauth.py::test_the_address_of_the_url_is_the_registered_one",
        f"{_HERE}oauth.py::test_a_code_brings_no_parameters_along",
    ),
    "state mismatch": (
        f"{_HERE}oauth.py::test_a_state_is_of_one_session",
        f"{_HERE}oauth.py::test_a_state_ends_with_its_session",
        f"{_HERE}oauth.py::test_a_state_is_of_one_workspace",
        f"{_HERE}oauth.py::test_a_state_is_used_once_and_up_by_failure",
        f"{_HERE}oauth.py::test_spellings_of_a_state_are_none",
        f"{_HERE}oauth.py::test_a_state_that_is_over_is_none",
        f"{_HERE}oauth.py::test_the_answer_of_another_provider_is_none",
        f"{_HERE}oauth.py::test_codes_are_of_their_flow",
    ),
    "SMTP and IMAP injection through every text argument": (
        f"{_HERE}injection.py::test_every_text_of_every_mutation_has_a_row",
        f"{_HERE}injection.py::test_texts_of_drafts_are_no_commands",
        f"{_HERE}injection.py::test_texts_that_are_stored_are_no_commands",
        f"{_HERE}injection.py::test_addresses_on_a_round_trip_are_one_recipient",
        f"{_HERE}injection.py::test_what_is_said_is_what_was_typed",
        f"{_HERE}messages.py::test_no_text_becomes_a_header",
        f"{_HERE}messages.py::test_every_text_is_tried",
    ),
    "code made while running": (
        f"{_HERE}compiler.py::test_names_of_python_are_keys_and_nothing_else",
        f"{_HERE}compiler.py::test_what_is_no_name_is_refused",
        f"{_HERE}compiler.py::test_texts_and_variables_are_in_no_source",
        f"{_HERE}compiler.py::test_deep_and_wide_documents_end_before_the_compiler",
        f"{_HERE}compiler.py::test_without_the_compiler_the_answers_are_the_same",
    ),
    "objects out of what is read": (
        f"{_HERE}documents.py::test_a_catalogue_makes_no_objects",
        f"{_HERE}documents.py::test_all_readers_are_safe",
        f"{_HERE}documents.py::test_bodies_are_bounded",
        f"{_HERE}documents.py::test_classes_are_names_that_nobody_knows",
        f"{_HERE}documents.py::test_depth_is_refused_at_the_limit",
    ),
    "paths in names of files": (
        f"{_HERE}paths.py::test_names_lead_nowhere",
        f"{_HERE}paths.py::test_shown_names_are_no_paths",
        f"{_HERE}paths.py::test_paths_in_links_open_nothing",
        f"{_HERE}paths.py::test_the_store_itself_stays_in_its_folder",
    ),
    "altered passwords": (
        f"{_HERE}passwords.py::test_a_password_is_compared_as_it_came",
        f"{_HERE}passwords.py::test_spaces_at_the_ends_are_part_of_it",
        f"{_HERE}passwords.py::test_a_password_of_1024_characters_signs_in",
    ),
    "guessed tokens": (
        f"{_HERE}guessing.py::test_each_kind_is_of_secrets",
        f"{_HERE}guessing.py::test_ten_thousand_are_ten_thousand",
        f"{_HERE}guessing.py::test_nothing_but_secrets_is_random",
    ),
    "trying what one may not": (
        f"{_HERE}denials.py::test_each_way_to_be_refused_is_a_line",
        f"{_HERE}denials.py::test_what_is_no_refusal_by_role_is_no_line",
        f"{_HERE}denials.py::test_many_refusals_are_few_lines",
        f"{_HERE}denials.py::test_sockets_are_no_way_around",
    ),
    "addresses that proxies tell": (
        f"{_HERE}proxies.py::test_a_named_proxy_tells_the_client",
        f"{_HERE}proxies.py::test_without_a_named_proxy_nobody_is_believed",
        f"{_HERE}proxies.py::test_a_proxy_elsewhere_is_not_this_machine",
        f"{_HERE}proxies.py::test_uvicorn_s_variable_counts_where_ours_is_unset",
        f"{_HERE}proxies.py::test_a_scheme_makes_no_cookie_secure",
        f"{_HERE}proxies.py::test_what_is_no_address_harms_nobody",
    ),
}
