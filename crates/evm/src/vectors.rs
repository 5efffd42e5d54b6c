//! Known answers, made with an independent implementation, and the parties of the cases.

use crate::eip712::{
    Domain, Offer, Permit, PermitExact, PermitUpto, Receipt, TransferWithAuthorization,
    permit2_domain,
};
use crate::{Address, Bytes32, Signable, Signature, SigningKey, Token, U256, eip191, keccak256};

pub(crate) const ACCOUNT_0: &str = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
pub(crate) const STRANGER: &str = "0x70997970C51812dc3A010C7d01b50e0d17dc79C8";
/// 2025-02-27T16:01:40Z
pub(crate) const T0: u64 = 1_740_672_100;
pub(crate) const V1_DIGEST: &str =
    "0x50708d3bf7216e1aeabe7bf22081b9f36c7c287530f92510318f13a03d89dc86";
pub(crate) const V1: &str = "0xdc53a4a579de989368a0fae2ef2172ff2f474b4297013f865d171239f17ef4c3\
    157b4b4030f1bebc53d55ace15c2377dff501a60e1e56c291f1000d6e78f082f1b";
pub(crate) const V7_DIGEST: &str =
    "0x94e206481fbefae663abc230619a95a2bc81a71912c17cf89666fd2a6c9a50ec";
pub(crate) const V7: &str = "0xb01d0df1775aae8f77630b966b94ed41551d2828bf01182f7ec322185bfa1566\
    48ded218ccf6ca160a7c8429ba685e4c97f72262b9d856e9f876b5b3cef630511b";
pub(crate) const V7_TEXT: &str = "api.example.com wants you to sign in with your Ethereum account:\n\
    0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266\n\nSign in\n\nURI: https://api.example.com/weather\nVersion: 1\n\
    Chain ID: 84532\nNonce: a1b2c3d4e5f67890a1b2c3d4e5f67890\nIssued At: 2025-02-27T16:01:30.000Z";

pub(crate) fn address(text: &str) -> Address {
    Address::parse(text).unwrap()
}

pub(crate) fn account_0() -> SigningKey {
    let key = "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80";
    SigningKey::new(&crate::hex::decode_array(key).unwrap()).unwrap()
}

pub(crate) fn payee() -> Address {
    address("0x209693Bc6afc0C5328bA36FaF03C514EF312287C")
}

pub(crate) fn usdc() -> Token {
    Token {
        chain_id: 84532,
        address: address("0x036CbD53842c5426634e7929541eC2318f3dCF7e"),
        name: "USDC".to_owned(),
        version: "2".to_owned(),
        decimals: 6,
    }
}

pub(crate) fn v1() -> TransferWithAuthorization {
    let nonce = "0xf3746613c2d920b5fdabc0856f2aeb2d4f88ee6037b8cc5d04a71a4462f13480";
    TransferWithAuthorization {
        from: address(ACCOUNT_0),
        to: payee(),
        value: U256::from(10_000_u64),
        valid_after: 1_740_672_089,
        valid_before: 1_740_672_154,
        nonce: Bytes32::parse(nonce).unwrap(),
    }
}

pub(crate) fn v2() -> PermitExact {
    let nonce = "33247007178036348590600198031289925668252061821958005840077069883511451257277";
    PermitExact {
        token: usdc().address,
        amount: U256::from(10_000_u64),
        nonce: U256::parse(nonce).unwrap(),
        deadline: 1_740_672_154,
        to: payee(),
        valid_after: 1_740_672_089,
    }
}

pub(crate) fn v3() -> PermitUpto {
    PermitUpto {
        token: usdc().address,
        amount: U256::from(5_000_000_u64),
        nonce: U256::from(1_u64),
        deadline: 1_740_672_154,
        to: payee(),
        facilitator: address(STRANGER),
        valid_after: 1_740_672_089,
    }
}

fn signed(what: &Signable<'_>, digest: &str, signature: &str) {
    assert_eq!(what.digest().to_string(), digest);
    assert_eq!(account_0().sign(what).unwrap().to_string(), signature);
}

/// What this key never signs is only checked.
fn recovered(digest: Bytes32, expected: &str, signature: &str) {
    assert_eq!(digest.to_string(), expected);
    assert_eq!(Signature::parse(signature).unwrap().recover(digest), Ok(address(ACCOUNT_0)));
}

#[test]
fn the_address_of_account_0_is_that_of_its_key() {
    assert_eq!(account_0().address().to_string(), ACCOUNT_0);
}

#[test]
fn v1_a_transfer_by_eip_3009() {
    signed(&Signable::Transfer(&usdc(), &v1()), V1_DIGEST, V1);
}

#[test]
fn v2_a_permit_of_exactly_an_amount() {
    signed(
        &Signable::PermitExact(84532, &v2()),
        "0x21528e1468aac114016416353e2309329f217dc180b21baa1d81cde941095685",
        "0x3b029ad182a14cdb81c9eb44f935279e124e88afdc4043ed1183345aba6781b9\
         5cd297107e2808d8ea2722260e88856b5a13a6db23e38a30e2604dca9e1ce1da1b",
    );
}

#[test]
fn v3_a_permit_of_at_most_an_amount() {
    signed(
        &Signable::PermitUpto(84532, &v3()),
        "0xe303f1780d453d0689970d70eb36a6f5f97f0453f0e87750e5d1ccd812f769b6",
        "0xd36459a0b92d1574803074f38d9a6e83f4b986274754ae575f344698aed49f78\
         4ded768c97f3653f89ab6480d08dfd9b6b8a6c89772986e841d5e4ea1a762ebf1b",
    );
}

#[test]
fn v4_a_text_by_eip_191() {
    recovered(
        eip191::digest("hello"),
        "0x50b2c43fd39106bafbba0da34fc430e1f91e3c96ea2acee2bc34119f92b37750",
        "0xf16ea9a3478698f695fd1401bfe27e9e4a7e8e3da94aa72b021125e31fa899cc\
         573c48ea3fe1d4ab61a9db10c19032026e3ed2dbccba5a178235ac27f94504311c",
    );
}

#[test]
fn v5_a_signed_offer() {
    let offer = Offer {
        version: 1,
        resource_url: "https://api.example.com/weather".to_owned(),
        scheme: "exact".to_owned(),
        network: "eip155:84532".to_owned(),
        asset: usdc().address.to_string(),
        pay_to: payee().to_string(),
        amount: "10000".to_owned(),
        valid_until: 1_740_672_400,
    };
    let signature = "0x4fd22070256182e597d0328c471e7571e18d562f8faf668f7d730875304f5feb\
        0355260375aa927e4b1f15247d8ce9602bd0e4c71a27d6f7db10082361320b6f1b";
    recovered(
        offer.digest(),
        "0xbfd891c77a255ff8ea3b79464af5449734b2c749d2c2a6f822fe4858afb94dd1",
        signature,
    );
    let signature = Signature::parse(signature).unwrap();
    assert_eq!(offer.verify(&signature, address(ACCOUNT_0)), Ok(()));
    let other = Offer { amount: "10001".to_owned(), ..offer };
    assert_eq!(other.verify(&signature, address(ACCOUNT_0)).unwrap_err().code(), "bad_signature");
}

#[test]
fn v6_a_signed_receipt() {
    let receipt = Receipt {
        version: 1,
        network: "eip155:84532".to_owned(),
        resource_url: "https://api.example.com/weather".to_owned(),
        payer: ACCOUNT_0.to_owned(),
        issued_at: 1_740_672_130,
        transaction: String::new(),
    };
    let signature = "0xc8e997827db0ed399a90cb8de1b878696607bfde8ca1d4ab32498ae6fb3848f9\
        5502efa9cc92e5082898bfa8b1a3fb7a29961ad2405a90dc37da6e6c7688a6bf1b";
    recovered(
        receipt.digest(),
        "0x36ae6288504bf13a62f01ec68e730dd4cea9b30656cbb87abc734a884c46cd35",
        signature,
    );
    let signature = Signature::parse(signature).unwrap();
    assert_eq!(receipt.verify(&signature, address(ACCOUNT_0)), Ok(()));
    assert_eq!(receipt.verify(&signature, payee()).unwrap_err().code(), "bad_signature");
}

#[test]
fn v7_the_digest_of_a_sign_in() {
    recovered(eip191::digest(V7_TEXT), V7_DIGEST, V7);
}

#[test]
fn v_ses_a_session_token_is_a_text_by_eip_191() {
    let text = concat!(
        r#"{"createdAt":1740672100,"endpoint":"https://api.example.com/v1","expiresAt":1740675700,"#,
        r#""paymentAmount":"10000","paymentTxHash":"#,
        r#""0xabababababababababababababababababababababababababababababababab","#,
        r#""scope":"prefix","sessionId":"123e4567-e89b-42d3-a456-426614174000","version":"clawpay/1.1","#,
        r#""walletAddress":"0x70997970C51812dc3A010C7d01b50e0d17dc79C8"}"#,
    );
    recovered(
        eip191::digest(text),
        "0x35a916840d661c64e4ee901fbdf980ce446dd2748cd85776a125ca464a70c23c",
        "0xa1b77a084a5af3512d2ff80a97d3fb5d78534f07b1d7f0ce52f110c241f49473\
         7d43164a6c1064b69dcda90eb3290a5ea84161314d14db1842d8bb2da165dbc61c",
    );
}

#[test]
fn types_hash_to_what_contracts_have() {
    let all = [
        (
            usdc().domain().type_text(),
            "0x8b73c3c69bb8fe3d512ecc4cf759cc79239f7b179b0ffacaa9a75d522b39400f",
        ),
        (
            permit2_domain(1).type_text(),
            "0x8cad95687ba82c2ce50e74f7b754645e5117c3a5bec8151c0726d5857980a866",
        ),
        (
            TransferWithAuthorization::TYPE.to_owned(),
            "0x7c7c6cdb67a18743f49ec6fa9b35f50d52ed05cbed4cc592e13b44501c1a2267",
        ),
        // Never signed; only known by name.
        (
            TransferWithAuthorization::TYPE.replace("Transfer", "Receive"),
            "0xd099cc98ef71107a616c4f0f941f04c322d8e254fe26b3c6668db87aae413de8",
        ),
        (
            "CancelAuthorization(address authorizer,bytes32 nonce)".to_owned(),
            "0x158b0a9edf7a828aad02f63cd515c68ef2f50ba807396f6d12842833a1597429",
        ),
        (
            PermitExact::TYPE.to_owned(),
            "0xebc156cd23678a74c94df13d772ef5478420637f0c94bd10d509e1dc98f521c7",
        ),
        (
            PermitUpto::TYPE.to_owned(),
            "0x51dff6974ad4388c499e7fcfe838d2bd767162553a144098ce20ea661d70c2ee",
        ),
        (
            Permit::TYPE.to_owned(),
            "0x6e71edae12b1b97f4d1f60370fef10105fa2faae0126114a169c64845d6126c9",
        ),
        (
            Offer::TYPE.to_owned(),
            "0x85143d3249b5e62ed5edd3d59a352d4e1181c775ff4f762f9c8a617f6bf1e97d",
        ),
        (
            Receipt::TYPE.to_owned(),
            "0x616944bc4bb51b3d5fcbba8c559f76d57a93ac1e0d6659f1abbe95f92300c06f",
        ),
    ];
    for (text, hash) in all {
        assert_eq!(keccak256(&text).to_string(), hash, "{text}");
    }
}

#[test]
fn separators_are_those_that_contracts_give() {
    let main =
        Token { chain_id: 8453, name: "USD Coin".to_owned(), address: base_usdc(), ..usdc() };
    let all: [(Domain, &str); 3] = [
        (usdc().domain(), "0x71f17a3b2ff373b803d70a5a07c046c1a2bc8e89c09ef722fcb047abe94c9818"),
        (main.domain(), "0x02fa7265e7c5d81118673727957699e4d68f74cd74b7db77da710fe8a2c7834f"),
        (
            permit2_domain(84532),
            "0x010f27a92fb9a32622f44f001dc4d15706a85b33499cfc2ce9033113ab26592c",
        ),
    ];
    for (domain, separator) in all {
        assert_eq!(domain.separator().to_string(), separator);
    }
}

fn base_usdc() -> Address {
    address("0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913")
}

#[test]
fn a_salt_is_a_part_of_the_type() {
    let domain = Domain { salt: Some(Bytes32::new([1; 32])), ..Domain::default() };
    assert_eq!(domain.type_text(), "EIP712Domain(bytes32 salt)");
    assert_ne!(domain.separator(), Domain::default().separator());
}
